/* As much of Arduino as the sketches need, on this machine: the time goes on with each loop, and
 * the Serial monitor is standard input and output. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <string>

class __FlashStringHelper;
#define F(text) (reinterpret_cast<const __FlashStringHelper *>(text))
typedef const char *PGM_P;
#define strncpy_P strncpy

class String : public std::string {
public:
  using std::string::string;
};

class Print {
public:
  virtual ~Print() {}
  virtual size_t write(const uint8_t *data, size_t size) = 0;
  size_t print(const char *text) { return write(reinterpret_cast<const uint8_t *>(text), strlen(text)); }
  size_t print(const __FlashStringHelper *text) { return print(reinterpret_cast<const char *>(text)); }
  size_t print(long number) { return print(std::to_string(number).c_str()); }
  size_t print(int number) { return print(static_cast<long>(number)); }
  size_t print(unsigned number) { return print(static_cast<long>(number)); }
  size_t println() { return print("\r\n"); }
  template <typename T> size_t println(T value) { return print(value) + println(); }
};

class Stream : public Print {
public:
  virtual int available() = 0;
  virtual int read() = 0;
};

class Monitor : public Stream {
public:
  void begin(unsigned long) {}
  size_t write(const uint8_t *data, size_t size) override { return fwrite(data, 1, size, stdout); }
  int available() override { return feof(stdin) ? 0 : 1; }
  int read() override { return getchar(); }
};

extern Monitor Serial;
unsigned long millis();
inline void delay(unsigned long) {}
inline int analogRead(int) { return 215; }

#endif
