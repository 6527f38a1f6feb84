/* tipwire in a sketch: tipwire.hpp, at home with String, Print, Serial and F().
 *
 *     char buffer[160];
 *     tipwire::Push frame(buffer, AUTH, SERIAL_NUMBER);
 *     frame.number("temperature", 21.5, 1).unit("C");
 *     tipwire::send(client, frame.line());
 *
 * Nothing here takes memory from a heap, but for a String that the sketch asks for. */
#ifndef TIPWIRE_ARDUINO_H
#define TIPWIRE_ARDUINO_H

#include <Arduino.h>

#include "tipwire/tipwire.hpp"

namespace tipwire {

/* Writes what was built to a client, a port or a file. Nothing where building has failed. Returns
 * whether all of it went out. */
inline bool send(Print &to, const Bytes &bytes) {
  return bytes && to.write(reinterpret_cast<const uint8_t *>(bytes.data), bytes.size) == bytes.size;
}

/* Prints a text that was read. */
inline size_t print(Print &to, const tipwire_text &text) {
  return text.data ? to.write(reinterpret_cast<const uint8_t *>(text.data), text.length) : 0;
}

/* Prints what a status means. */
inline size_t print_status(Print &to, int32_t status) {
  return print(to, tipwire_status_sentence(status));
}

/* Whether a text that was read is this one. */
inline bool equals(const tipwire_text &text, const String &other) { return text == other.c_str(); }

/* A text that was read, as a String: on the heap. */
inline String to_string(const tipwire_text &text) {
  String result;
  for (size_t at = 0; at < text.length; at++) {
    result += text.data[at];
  }
  return result;
}

/* The text of F() in memory, for functions that take a const char *. Longer text is cut. */
template <size_t N> class Flash {
public:
  explicit Flash(const __FlashStringHelper *text) {
    strncpy_P(text_, reinterpret_cast<PGM_P>(text), N - 1);
    text_[N - 1] = 0;
  }
  operator const char *() const { return text_; }

private:
  char text_[N];
};

/* Collects lines from a port, however they come. A line that is too long is left out. */
template <size_t N> class Lines {
public:
  Lines() : length_(0), lost_(false) {}

  /* Whether there is a whole line now. It is good until this is called again. */
  bool read(::Stream &from) {
    if (ended_) {
      length_ = 0;
      ended_ = lost_ = false;
    }
    while (from.available() > 0) {
      int byte = from.read();
      if (byte == '\n') {
        if (!lost_) {
          return ended_ = true;
        }
        length_ = 0;
        lost_ = false;
      } else if (length_ < N) {
        line_[length_++] = static_cast<char>(byte);
      } else {
        lost_ = true;
      }
    }
    return false;
  }
  const char *data() const { return line_; }
  size_t length() const { return length_; }

private:
  char line_[N];
  size_t length_;
  bool lost_, ended_ = false;
};

} // namespace tipwire

#endif /* TIPWIRE_ARDUINO_H */
