/* tipwire in a sketch: tipwire.hpp, at home with String, Print, F(), and the network of Arduino.
 *
 *     char buffer[160];
 *     tipwire::Push frame(buffer, AUTH, SERIAL_NUMBER);
 *     frame.number(F("temperature"), 21.5, 1).unit(F("C"));
 *     tipwire::send(client, frame.line());
 *
 * Text may be given as const char *, String or F(). Nothing here takes memory from a heap, but for a
 * String that the sketch asks for. */
#ifndef TIPWIRE_ARDUINO_H
#define TIPWIRE_ARDUINO_H

#include <Arduino.h>

namespace tipwire {

/* The text of F() in memory, where functions of C can read it. At most 100 bytes, as a name has: more
 * are no text at all, and what it was for says TIPWIRE_E_ARGUMENT. */
class Flash {
public:
  explicit Flash(const __FlashStringHelper *text) {
    PGM_P flash = reinterpret_cast<PGM_P>(text);
    is_text_ = strlen_P(flash) < sizeof text_;
    if (is_text_) {
      strncpy_P(text_, flash, sizeof text_);
    }
  }
  operator const char *() const { return is_text_ ? text_ : nullptr; }

private:
  char text_[101];
  bool is_text_;
};

inline Flash chars(const __FlashStringHelper *text) { return Flash(text); }
inline const char *chars(const String &text) { return text.c_str(); }

} // namespace tipwire

#include "tipwire/tipwire.hpp"

/* Whether a text that was read is this one. */
inline bool operator==(const tipwire_text &text, const String &other) {
  return text == other.c_str();
}
inline bool operator==(const tipwire_text &text, const __FlashStringHelper *other) {
  PGM_P flash = reinterpret_cast<PGM_P>(other);
  return text.data && strlen_P(flash) == text.length &&
         memcmp_P(text.data, flash, text.length) == 0;
}

namespace tipwire {

/* Text and numbers ------------------------------------------------------------------------------- */

/* Writes what was built to a client, a port or a file. Nothing where building has failed. Returns
 * whether all of it went out. */
inline bool send(Print &to, const Bytes &bytes) {
  return bytes && to.write(reinterpret_cast<const uint8_t *>(bytes.data), bytes.size) == bytes.size;
}

/* Prints a text that was read. */
inline size_t print(Print &to, const tipwire_text &text) {
  return text.data ? to.write(reinterpret_cast<const uint8_t *>(text.data), text.length) : 0;
}
inline size_t println(Print &to, const tipwire_text &text) {
  size_t printed = print(to, text);
  return printed + to.println();
}

/* Prints what a status means; on AVR only its number, since there all sentences would be in memory. */
inline size_t print_status(Print &to, int32_t status) {
#ifdef __AVR__
  return to.print(F("status ")) + to.print(status);
#else
  return print(to, tipwire_status_sentence(status));
#endif
}

/* A text that was read, as a String: on the heap. */
inline String to_string(const tipwire_text &text) {
  String result;
  for (size_t at = 0; at < text.length; at++) {
    result += text.data[at];
  }
  return result;
}

/* A Print into memory, to send what is printed as a whole. */
template <size_t N> class Text : public Print {
public:
  Text() : length_(0), is_lost_(false) {}
  size_t write(uint8_t byte) override { return write(&byte, 1); }
  size_t write(const uint8_t *data, size_t size) override {
    is_lost_ |= size > N - length_;
    if (is_lost_) {
      return 0;
    }
    memcpy(text_ + length_, data, size);
    length_ += size;
    return size;
  }
  using Print::write;
  /* Nothing if it was too much. */
  Bytes bytes() const {
    return Bytes(text_, is_lost_ ? TIPWIRE_E_BUFFER : static_cast<int32_t>(length_));
  }

private:
  char text_[N];
  size_t length_;
  bool is_lost_;
};

/* What is measured, for platforms that take no frames: a PUSH that nobody sends.
 *
 *     tipwire::Values values(buffer);
 *     values.number(F("temperature"), 21.5, 1);
 *     values.json(out);                                 // {"temperature":21.5}
 */
class Values : public Push {
public:
  template <size_t N> explicit Values(char (&buffer)[N]) : Push(buffer, "0000000000000000", "s") {}
  /* Ends it, and reads it; once. */
  Frame frame() {
    Bytes written = Push::frame();
    return Frame(written.data, written.size);
  }
  /* The same, as JSON; empty if anything went wrong. */
  template <size_t N> Bytes json(char (&out)[N]) {
    Bytes written = Push::frame();
    Frame frame(written.data, written.size);
    return Bytes(out, written ? tipwire_thingspanel_values(&frame, out, N) : written.status);
  }
};

/* Ports ------------------------------------------------------------------------------------------ */

/* Collects lines from a port, however they come. A line that is too long is left out. */
template <size_t N> class Lines {
public:
  Lines() : length_(0), lost_(false), ended_(false) {}

  /* Whether there is a whole line now. It is good until this is called again. */
  bool read(::Stream &from) {
    if (ended_) {
      length_ = 0;
      ended_ = false;
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
  /* The same, without the carriage return that may stand at its end. */
  tipwire_text text() const {
    bool is_return = length_ > 0 && line_[length_ - 1] == '\r';
    tipwire_text text = {line_, length_ - is_return};
    return text;
  }

private:
  char line_[N];
  size_t length_;
  bool lost_, ended_;
};

/* Sessions --------------------------------------------------------------------------------------- */

/* The time of sessions: millis(), but it does not begin again after 49 days, if it is asked at least
 * that often. */
inline uint64_t now() {
  static uint32_t before = 0, rounds = 0;
  uint32_t time = static_cast<uint32_t>(millis());
  rounds += time < before;
  before = time;
  return static_cast<uint64_t>(rounds) << 32 | time;
}

/* Lets a session talk over a connection such as a WiFiClient, for each loop(): it connects, gives up,
 * connects again, sends and reads, and hands the events out.
 *
 *     tipwire::poll(device, connection, "tcp.example.com", 3001, handle);
 *
 * handle, void handle(const tipwire_client_event &event), may queue requests. It has nothing to do at
 * TIPWIRE_CONNECT and TIPWIRE_DISCONNECT, and is told them first. */
template <typename Connection, typename Host, typename Handle>
void poll(Client &device, Connection &connection, const Host &host, uint16_t port, Handle handle) {
  if (device.is_connected() && !connection.connected() && connection.available() <= 0) {
    device.disconnected(now());
  }
  device.timeout(now());
  uint8_t received[64];
  int length;
  do {
    length = connection.available() > 0 ? connection.read(received, sizeof received) : 0;
    for (auto &event : device.events(received, length > 0 ? length : 0, now())) {
      handle(event);
      if (event.type == TIPWIRE_DISCONNECT) {
        connection.stop();
      } else if (event.type == TIPWIRE_CONNECT) {
        connection.stop();
        if (connection.connect(host, port)) {
          device.connected(now());
        } else {
          device.disconnected(now());
        }
      }
    }
  } while (length > 0);
  tipwire_text output = device.output();
  if (output.length > 0) {
    const uint8_t *data = reinterpret_cast<const uint8_t *>(output.data);
    device.sent(connection.write(data, output.length), now());
  }
}

/* The same over a port that is always there, such as Serial. */
template <typename Handle> void poll(Client &device, ::Stream &port, Handle handle) {
  device.timeout(now());
  uint8_t received[32];
  size_t length;
  do {
    for (length = 0; length < sizeof received && port.available() > 0; length++) {
      received[length] = static_cast<uint8_t>(port.read());
    }
    for (auto &event : device.events(received, length, now())) {
      handle(event);
      if (event.type == TIPWIRE_CONNECT) {
        device.connected(now());
      }
    }
  } while (length > 0);
  tipwire_text output = device.output();
  if (output.length > 0) {
    const uint8_t *data = reinterpret_cast<const uint8_t *>(output.data);
    device.sent(port.write(data, output.length), now());
  }
}

/* The same over UDP, such as a WiFiUDP, for a session with TIPWIRE_DATAGRAMS. The longest answer is of
 * ANSWER bytes. */
template <size_t ANSWER = 256, typename Udp, typename Host, typename Handle>
void poll_datagrams(Client &device, Udp &udp, const Host &host, uint16_t port, Handle handle) {
  device.timeout(now());
  uint8_t received[ANSWER];
  int length;
  do {
    length = udp.parsePacket() > 0 ? udp.read(received, sizeof received) : 0;
    for (auto &event : device.events(received, length > 0 ? length : 0, now())) {
      handle(event);
      if (event.type == TIPWIRE_CONNECT) {
        device.connected(now());
      }
    }
  } while (length > 0);
  for (tipwire_text output = device.output(); output.length > 0; output = device.output()) {
    if (udp.beginPacket(host, port)) {
      udp.write(reinterpret_cast<const uint8_t *>(output.data), output.length);
      udp.endPacket();
    }
    /* What could not be sent is as good as lost on its way: it is sent again, after a while. */
    device.sent(output.length, now());
  }
}

} // namespace tipwire

#endif /* TIPWIRE_ARDUINO_H */
