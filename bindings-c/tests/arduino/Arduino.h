/* As much of Arduino as the sketches need, on this machine.
 *
 * The time goes on with each loop: as fast as the machine can, and slower while the sketch waits for an
 * answer. Serial is standard input and output. What is in flash cannot be read as if it were memory, as
 * on a board where it is none. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <time.h>

class __FlashStringHelper;
typedef const char *PGM_P;
#define PROGMEM

/* The address of flash: no address of memory, and back. But where sketches are only linked, it is one, as
 * on boards with these processors. */
inline PGM_P flash(const char *text) {
#if UINTPTR_MAX > 0xffffffff
  return reinterpret_cast<PGM_P>(reinterpret_cast<uintptr_t>(text) ^ (uintptr_t(1) << 62));
#else
  return text;
#endif
}
#define PSTR(text) flash(text)
#define F(text) (reinterpret_cast<const __FlashStringHelper *>(PSTR(text)))
inline size_t strlen_P(PGM_P text) { return strlen(flash(text)); }
inline char *strncpy_P(char *to, PGM_P text, size_t size) { return strncpy(to, flash(text), size); }
inline int memcmp_P(const void *one, PGM_P other, size_t size) {
  return memcmp(one, flash(other), size);
}

class String {
public:
  String(const char *text = "") : text_(text) {}
  String(const __FlashStringHelper *text) : text_(flash(reinterpret_cast<PGM_P>(text))) {}
  explicit String(int number) : text_(std::to_string(number)) {}
  const char *c_str() const { return text_.c_str(); }
  unsigned length() const { return text_.size(); }
  String &operator+=(char c) { return text_ += c, *this; }
  bool operator==(const char *other) const { return text_ == other; }

private:
  std::string text_;
};

class Print {
public:
  virtual ~Print() {}
  virtual size_t write(uint8_t byte) { return write(&byte, 1); }
  virtual size_t write(const uint8_t *data, size_t size) = 0;
  size_t print(const char *text) { return write(reinterpret_cast<const uint8_t *>(text), strlen(text)); }
  size_t print(const __FlashStringHelper *text) { return print(String(text)); }
  size_t print(const String &text) { return print(text.c_str()); }
  /* No longer numbers than these: not every board has functions for them. */
  size_t print(int number) { return print(static_cast<long>(number)); }
  size_t print(unsigned number) { return print(static_cast<unsigned long>(number)); }
  size_t print(long number) { return print(std::to_string(number).c_str()); }
  size_t print(unsigned long number) { return print(std::to_string(number).c_str()); }
  size_t println() { return print("\r\n"); }
  template <typename T> size_t println(const T &value) { return print(value) + println(); }
};

class Stream : public Print {
public:
  virtual int available() = 0;
  virtual int read() = 0;
};

class Monitor : public Stream {
public:
  using Print::write;
  void begin(unsigned long) {}
  size_t write(const uint8_t *data, size_t size) override;
  int available() override;
  int read() override;
};

extern Monitor Serial;

/* Macros, as they are on boards. */
#define LOW 0x0
#define HIGH 0x1
#define INPUT 0x0
#define OUTPUT 0x1

unsigned long millis();
int analogRead(int pin);
inline void delay(unsigned long) {}
inline void pinMode(int, int) {}
void digitalWrite(int pin, int level);
int digitalRead(int pin);

#ifdef ESP32
/* What the network says that the time is, in seconds. */
time_t network_time(time_t *);
#define time(nothing) network_time(nothing)
inline void configTime(long, int, const char *) {}
#endif

#endif
