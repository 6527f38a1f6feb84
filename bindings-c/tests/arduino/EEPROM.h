/* The EEPROM of an Uno, in a file that the test names: what was written stays, byte by byte. */
#ifndef EEPROM_H
#define EEPROM_H

#include "Arduino.h"

class Eeprom {
public:
  enum { SIZE = 1024 };
  /* What an EEPROM has that is a part of the flash. */
  void begin(size_t) {}
  bool commit() { return true; }
  uint8_t read(int at);
  void update(int at, uint8_t byte);
  template <typename T> T &get(int at, T &value) {
    for (size_t i = 0; i < sizeof value; i++) {
      reinterpret_cast<uint8_t *>(&value)[i] = read(at + i);
    }
    return value;
  }
  template <typename T> const T &put(int at, const T &value) {
    for (size_t i = 0; i < sizeof value; i++) {
      update(at + i, reinterpret_cast<const uint8_t *>(&value)[i]);
    }
    return value;
  }
};
extern Eeprom EEPROM;

#endif
