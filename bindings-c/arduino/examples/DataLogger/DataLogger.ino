// Measures once a minute, and sends the readings in batches, with the times when they were made. What
// was not acknowledged is kept, also while the power is off, and sent again.
//
// ESP32: over WiFi, kept in the Preferences, with the time of the network. Other boards with EEPROM: over
// the serial port, with the time of a DS1307 or a DS3231.
#include <Tipwire.h>
#include <TipwireStore.h>

const char AUTH[] = "4deedd7bab8817ec";
const char DEVICE[] = "logger-01";
const uint32_t EVERY = 60; // seconds
const int BATCH = 8;
const int CAPACITY = 100; // readings

// The readings are kept in a ring of slots, each with its state, which is written after the reading. The
// slot for the next one is empty, and so may be some after it; those before it are kept or sent.
struct Reading {
  uint32_t time;
  int16_t tenths;
};
enum State : uint8_t { EMPTY = 0xff, KEPT = 0x0f, SENT = 0x00 };
const int SLOT = sizeof(Reading) + sizeof(State);

tipwire::Counter counter;
tipwire::StaticClient<360, 48> device;
int next_slot = 0, oldest = 0, sending = 0;
bool is_due = true;
uint32_t next_time = 0;

void handle(const tipwire_client_event &event);

#if defined(ESP32)

#include <WiFi.h>
#include <time.h>

const char NETWORK[] = "your network";
const char PASSWORD[] = "your password";
const char SERVER[] = "tcp.example.com";
const uint16_t PORT = 5693;
WiFiClient connection;

void begin_board() {
  WiFi.begin(NETWORK, PASSWORD);
  configTime(0, 0, "pool.ntp.org");
}

void talk() { tipwire::poll(device, connection, SERVER, PORT, handle); }

// Since 1970; 0 where it is not known.
uint32_t seconds() {
  uint32_t now = time(nullptr);
  return now > 1600000000 ? now : 0;
}

#else

#include <Wire.h>

void begin_board() {
  Serial.begin(115200);
  Wire.begin();
}

void talk() { tipwire::poll(device, Serial, handle); }

// Two digits of the clock.
uint8_t digits() {
  uint8_t byte = Wire.read();
  return byte / 16 * 10 + byte % 16;
}

// Since 1970; 0 where it is not known.
uint32_t seconds() {
  Wire.beginTransmission(0x68);
  Wire.write(0);
  if (Wire.endTransmission() != 0 || Wire.requestFrom(0x68, 7) != 7) {
    return 0;
  }
  uint8_t second = digits(), minute = digits(), hour = digits();
  Wire.read(); // the day of the week
  uint8_t day = digits(), month = digits(), year = digits();
  if (second > 59 || month == 0) {
    return 0; // it stands still
  }
  // Years begin in March, so that the day that some of them have is their last one.
  uint32_t years = year - (month < 3), months = (month + 9) % 12;
  uint32_t days = 11017 + 365 * years + years / 4 + (153 * months + 2) / 5 + day - 1;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

#endif

int after(int slot, int steps) { return (slot + steps) % CAPACITY; }
int address(int slot) { return tipwire::Counter::SIZE + slot * SLOT; }
int kept() { return after(next_slot, CAPACITY - oldest); }

State state_of(int slot) {
  State state = EMPTY;
  tipwire::load(address(slot) + sizeof(Reading), state);
  return state;
}

bool set_state(int slot, State state) { return tipwire::save(address(slot) + sizeof(Reading), state); }

// Finds what was kept before the last start.
void find_kept() {
  for (int slot = 0; slot < CAPACITY; slot++) {
    if (state_of(slot) != EMPTY && state_of(after(slot, 1)) == EMPTY) {
      next_slot = after(slot, 1);
    }
  }
  oldest = next_slot;
  while (kept() < CAPACITY - 1 && state_of(after(oldest, CAPACITY - 1)) == KEPT) {
    oldest = after(oldest, CAPACITY - 1);
  }
}

void keep(const Reading &reading) {
  int following = after(next_slot, 1);
  // Where all are kept, the new one has to go.
  if (following != oldest && set_state(following, EMPTY) &&
      tipwire::save(address(next_slot), reading) && set_state(next_slot, KEPT)) {
    next_slot = following;
  }
}

void measure() {
  uint32_t time = seconds();
  if (time == 0 || time < next_time) {
    return;
  }
  next_time = time - time % EVERY + EVERY;
  keep({time, static_cast<int16_t>(analogRead(0))});
  is_due |= kept() >= BATCH;
}

void send() {
  int count = kept() < BATCH ? kept() : BATCH;
  if (!is_due || sending > 0 || count == 0) {
    return;
  }
  auto queued = device.push(tipwire::now(), [count](tipwire::PushWriter &push) {
    for (int i = 0; i < count; i++) {
      Reading reading = {0, 0};
      tipwire::load(address(after(oldest, i)), reading);
      push.number(F("celsius"), reading.tenths / 10.0, 1).time(reading.time * 1000ULL);
    }
  });
  sending = queued ? count : 0;
}

void handle(const tipwire_client_event &event) {
  if (event.type != TIPWIRE_ANSWER || event.method != TIPWIRE_PUSH) {
    return;
  }
  for (; event.is_done && sending > 0; sending--) {
    set_state(oldest, SENT);
    oldest = after(oldest, 1);
  }
  // What is refused is tried again with the next readings.
  is_due = event.is_done && kept() > 0;
  sending = 0;
}

void setup() {
  begin_board();
  find_kept();
  tipwire::ClientSettings settings;
  settings.next_number = counter.begin();
  settings.seed = seconds(); // for waiting times: not the same on every device
  device.begin(AUTH, DEVICE, settings);
}

void loop() {
  counter.keep(device);
  measure();
  send();
  talk();
}
