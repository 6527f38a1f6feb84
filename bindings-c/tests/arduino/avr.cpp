/* A second file of a sketch that runs on an emulated Uno or Mega: types the script, measures the stack, and ends
 * the emulator. The first file is as it ships. */
#include <Arduino.h>
#include <avr/sleep.h>

#include "script.h"

extern uint8_t __bss_end;

/* Paints what is free, before anything has run. */
extern "C" void paint() __attribute__((naked, used, section(".init3")));
void paint() {
  for (uint8_t *at = &__bss_end; at < reinterpret_cast<uint8_t *>(SP); at++) {
    *at = 0xa5;
  }
}

static unsigned stack() {
  const uint8_t *low = &__bss_end;
  while (*low == 0xa5) {
    low++;
  }
  return RAMEND + 1 - reinterpret_cast<unsigned>(low);
}

/* What the board would have measured. */
extern "C" int analogRead(uint8_t) { return 215; }

/* What comes over the port, as its interrupt puts it there. */
struct Port : HardwareSerial {
  void type(char byte) {
    _rx_buffer[_rx_buffer_head] = byte;
    _rx_buffer_head = (_rx_buffer_head + 1) % SERIAL_RX_BUFFER_SIZE;
  }
};

/* Called after each loop(). */
void serialEventRun() {
  static const char *next = SCRIPT;
  static uint8_t rest = 0;
  for (uint8_t count = 0; !Serial.available() || count % 32; count++) {
    char byte = pgm_read_byte(next);
    if (!byte) {
      break;
    }
    static_cast<Port &>(Serial).type(byte);
    next++;
  }
  if (!pgm_read_byte(next) && ++rest > 100) {
    Serial.print(F("# stack "));
    Serial.println(stack());
    Serial.flush();
    cli();
    sleep_mode();
  }
}
