/* An I2C bus with a clock on it, a DS1307 or a DS3231. */
#ifndef WIRE_H
#define WIRE_H

#include "Arduino.h"

class Bus {
public:
  void begin() {}
  void beginTransmission(int address) { address_ = address; }
  size_t write(int byte) { return at_ = byte, 1; }
  int endTransmission() { return address_ == 0x68 ? 0 : 2; }
  int requestFrom(int address, int count);
  int available() { return left_; }
  int read();

private:
  int address_ = 0, at_ = 0, left_ = 0;
};
extern Bus Wire;

#endif
