/* The Preferences of an ESP32, each value in a file beside the one that the test names: all of a value
 * is written, or nothing. */
#ifndef PREFERENCES_H
#define PREFERENCES_H

#include "Arduino.h"

class Preferences {
public:
  bool begin(const char *space, bool is_read);
  void end() {}
  size_t getBytesLength(const char *key);
  size_t getBytes(const char *key, void *value, size_t size);
  size_t putBytes(const char *key, const void *value, size_t size);

private:
  std::string path(const char *key) const;
  std::string space_;
};

#endif
