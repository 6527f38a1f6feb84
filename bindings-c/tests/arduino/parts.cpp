/* What hangs on the board: what it stores in, and its clock. */
#include "EEPROM.h"
#include "Preferences.h"
#include "Wire.h"
#include "board.h"

#undef time
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

Eeprom EEPROM;
Bus Wire;

static std::string store() {
  const char *path = board::setting("SKETCH_STORE");
  return path ? path : "/dev/null";
}

uint8_t Eeprom::read(int at) {
  uint8_t byte = 0xff;
  int file = open(store().c_str(), O_RDONLY);
  if (file < 0 || at >= SIZE || pread(file, &byte, 1, at) != 1) {
    byte = 0xff;
  }
  close(file);
  return byte;
}

void Eeprom::update(int at, uint8_t byte) {
  if (at >= SIZE || read(at) == byte) {
    return;
  }
  board::write_for_ever();
  /* What was never written is 0xff. */
  int file = open(store().c_str(), O_RDWR | O_CREAT, 0600);
  uint8_t empty = 0xff;
  for (off_t end = lseek(file, 0, SEEK_END); end >= 0 && end < at; end++) {
    if (pwrite(file, &empty, 1, end) != 1) {
      abort();
    }
  }
  if (pwrite(file, &byte, 1, at) != 1) {
    abort();
  }
  close(file);
}

bool Preferences::begin(const char *space, bool) {
  space_ = space;
  return true;
}

std::string Preferences::path(const char *key) const { return store() + "-" + space_ + "-" + key; }

size_t Preferences::getBytesLength(const char *key) {
  uint8_t value[512];
  return getBytes(key, value, sizeof value);
}

size_t Preferences::getBytes(const char *key, void *value, size_t size) {
  FILE *file = fopen(path(key).c_str(), "r");
  size_t length = file ? fread(value, 1, size, file) : 0;
  if (file) {
    fclose(file);
  }
  return length;
}

size_t Preferences::putBytes(const char *key, const void *value, size_t size) {
  board::write_for_ever();
  std::string path = this->path(key), next = path + ".next";
  FILE *file = fopen(next.c_str(), "w");
  size_t length = file ? fwrite(value, 1, size, file) : 0;
  return file && fclose(file) == 0 && rename(next.c_str(), path.c_str()) == 0 ? length : 0;
}

int Bus::requestFrom(int address, int count) {
  left_ = address == 0x68 ? count : 0;
  return left_;
}

/* The next register: seconds, minutes, hours, day of the week, day, month, year; in decimal digits. */
int Bus::read() {
  if (left_ == 0) {
    return -1;
  }
  left_--;
  time_t now = board::seconds();
  struct tm parts;
  gmtime_r(&now, &parts);
  const int registers[] = {parts.tm_sec,  parts.tm_min,     parts.tm_hour,      parts.tm_wday + 1,
                           parts.tm_mday, parts.tm_mon + 1, parts.tm_year % 100};
  int value = registers[at_++ % 7];
  return value / 10 * 16 + value % 10;
}
