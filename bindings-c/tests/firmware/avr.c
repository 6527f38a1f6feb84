#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdlib.h>

#include "board.h"

void say(const char *text) {
  UCSR0B = 1 << TXEN0;
  while (*text) {
    while (!(UCSR0A & (1 << UDRE0))) {
    }
    UDR0 = (uint8_t)*text++;
  }
}

/* Sleep that nothing ends is what ends the emulator. */
void finish(int code) {
  if (code == 0) {
    say("done\n");
  }
  cli();
  sleep_mode();
  for (;;) {
  }
}

/* Where main() returns to. */
void exit(int code) {
  finish(code);
  for (;;) {
  }
}

extern volatile uint8_t __bss_end[];

/* All that is free is painted. */
__attribute__((noinline)) uint32_t stack_of(void (*work)(void)) {
  volatile uint8_t *top = (volatile uint8_t *)SP;
  volatile uint8_t *low = __bss_end;
  for (volatile uint8_t *at = low; at < top; at++) {
    *at = 0xa5;
  }
  work();
  CHECK(*low == 0xa5);
  while (*low == 0xa5 && low < top) {
    low++;
  }
  return (uint32_t)(top - low);
}
