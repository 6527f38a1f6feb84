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

void say_number(const char *name, uint32_t number) {
  char digits[12];
  char *at = digits + sizeof digits - 1;
  *at = 0;
  *--at = '\n';
  do {
    *--at = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  say(name);
  say(" ");
  say(at);
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

/* If tipwire were to have a bug, it would be told here. */
void tipwire_panicked(void) {
  say("tipwire panicked\n");
  finish(3);
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
