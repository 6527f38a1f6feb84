/* What outlasts a reset and a power failure: values in the EEPROM, or the Preferences of an ESP32, and
 * the counter of a device, of which no number must be used twice.
 *
 * Addresses are those of the EEPROM. On an ESP32 they are names, of values that are written and read
 * whole; but they are chosen as if they were addresses, so that the same sketch works on both. */
#ifndef TIPWIRE_STORE_H
#define TIPWIRE_STORE_H

#include "Tipwire.h"

#if defined(ESP32)
#include <Preferences.h>
#else
#include <EEPROM.h>
#endif

/* How much of the flash an ESP8266 or an RP2040 uses as EEPROM. */
#ifndef TIPWIRE_EEPROM_SIZE
#define TIPWIRE_EEPROM_SIZE 1024
#endif

namespace tipwire {

#if defined(ESP32)

/* Opens the Preferences for one call, and gives an address a name. */
class Store {
public:
  Store(int at, bool is_read) {
    snprintf(name_, sizeof name_, "%d", at);
    preferences_.begin("tipwire", is_read);
  }
  ~Store() { preferences_.end(); }
  bool load(void *value, size_t size) {
    return preferences_.getBytesLength(name_) == size &&
           preferences_.getBytes(name_, value, size) == size;
  }
  bool save(const void *value, size_t size) {
    return preferences_.putBytes(name_, value, size) == size;
  }

private:
  Preferences preferences_;
  char name_[12];
};

/* Reads a value. Returns whether it was ever saved; if not, it is left as it is. */
template <typename T> bool load(int at, T &value) { return Store(at, true).load(&value, sizeof value); }

/* Writes a value. Returns whether that went well. */
template <typename T> bool save(int at, const T &value) {
  return Store(at, false).save(&value, sizeof value);
}

#else

/* Where the EEPROM is a part of the flash, it has to be begun, and written at last. */
inline void begin_eeprom() {
#if defined(ESP8266) || defined(ARDUINO_ARCH_RP2040)
  static bool is_begun = false;
  if (!is_begun) {
    EEPROM.begin(TIPWIRE_EEPROM_SIZE);
    is_begun = true;
  }
#endif
}

/* Reads a value: whatever bytes are there. Those that were never written are 0xff. */
template <typename T> bool load(int at, T &value) {
  begin_eeprom();
  EEPROM.get(at, value);
  return true;
}

/* Writes a value, those of its bytes that change, the first one first. Returns whether that went well. */
template <typename T> bool save(int at, const T &value) {
  begin_eeprom();
  EEPROM.put(at, value);
#if defined(ESP8266) || defined(ARDUINO_ARCH_RP2040)
  return EEPROM.commit();
#else
  for (size_t i = 0; i < sizeof value; i++) {
    if (EEPROM.read(at + static_cast<int>(i)) != reinterpret_cast<const uint8_t *>(&value)[i]) {
      return false;
    }
  }
  return true;
#endif
}

#endif

/* The number of the next request or envelope, kept so that none is used twice, whenever the power
 * fails. To write seldom, it is kept ahead: after a start, those that were not used are skipped.
 *
 *     tipwire::Counter counter;                       // in the first Counter::SIZE bytes
 *     settings.next_number = counter.begin();         // or the next of a sealer, in setup()
 *     counter.keep(device);                           // in loop(), before requests
 */
class Counter {
public:
  enum { SIZE = 16 };

  explicit Counter(int at = 0, uint32_t step = 64) : at_(at), step_(step), kept_(0) {}

  /* The number to go on with: 1 on a new device. The next ones are reserved. If that cannot be kept,
   * there are none: TIPWIRE_E_COUNTER_EXHAUSTED is what requests get. */
  uint64_t begin() {
    uint64_t next = 1;
    for (uint8_t slot = 0; slot < 2; slot++) {
      uint64_t found = 0;
      load(at_ + 8 * slot, found);
      /* There are no greater ones: that is memory which was never written. */
      if (found <= END && found > next) {
        next = found;
        slot_ = slot;
      }
    }
    kept_ = next;
    reserve(next);
    return kept_ > next ? next : END;
  }

  /* Reserves more numbers, if less than half of the last ones are left, and lets a sealer or a client
   * use no others. Returns whether there are any. */
  template <typename Device> bool keep(Device &device) {
    uint64_t next = number(device);
    if (next + step_ / 2 >= kept_) {
      reserve(next);
    }
    uint64_t left = kept_ > next ? kept_ - next : 0;
    device.reserve(static_cast<uint32_t>(left));
    return left > 0;
  }

private:
  /* One slot after the other: when the power fails in the middle of one, the other one is right. */
  void reserve(uint64_t next) {
    uint64_t end = next + step_ < END ? next + step_ : END;
    if (end > kept_ && save(at_ + 8 * (1 - slot_), end)) {
      slot_ = 1 - slot_;
      kept_ = end;
    }
  }
  static uint64_t number(const Sealer &sealer) { return sealer.next(); }
  static uint64_t number(const Client &client) { return client.next_number(); }

  static const uint64_t END = static_cast<uint64_t>(1) << 32;
  int at_;
  uint32_t step_;
  /* The numbers before this one are reserved, as one of the slots says. */
  uint64_t kept_;
  uint8_t slot_ = 0;
};

} // namespace tipwire

#endif /* TIPWIRE_STORE_H */
