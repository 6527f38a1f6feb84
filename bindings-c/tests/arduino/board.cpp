/* The board: its time, its pins, its Serial, and its end. */
#include "board.h"

#include <poll.h>
#include <unistd.h>

void setup();
void loop();

Monitor Serial;

static unsigned long now;
static bool is_over, waits;

unsigned long millis() { return now; }

namespace board {

const char *setting(const char *name) { return getenv(name); }

uint32_t seconds() {
  const char *start = setting("SKETCH_START");
  return (start ? strtoul(start, nullptr, 10) : 1700000000) + now / 1000;
}

void is_waiting(bool is_so) { waits = is_so; }

void write_for_ever() {
  static long left = setting("SKETCH_POWER") ? strtol(setting("SKETCH_POWER"), nullptr, 10) : -1;
  if (left == 0) {
    _exit(7);
  }
  left -= left > 0;
}

std::string next_line() {
  std::string line;
  char byte;
  while (::read(0, &byte, 1) == 1) {
    if (byte == '\n') {
      return line;
    }
    line += byte;
  }
  is_over = true;
  return line;
}

} // namespace board

using namespace board;

#ifdef ESP32
time_t network_time(time_t *) { return seconds(); }
#endif

/* What is measured: where the test wants to know of each time, how often that was before, which is the
 * length of a file. */
int analogRead(int) {
  const char *path = setting("SKETCH_READINGS");
  if (!path) {
    return 215;
  }
  FILE *file = fopen(path, "a");
  fseek(file, 0, SEEK_END);
  long count = ftell(file);
  fputc('.', file);
  fclose(file);
  return static_cast<int>(count);
}

static int led = LOW;

void digitalWrite(int pin, int level) {
  if (level != led) {
    printf("> pin %d is %s\n", pin, level == HIGH ? "on" : "off");
  }
  led = level;
}

int digitalRead(int) { return led; }

size_t Monitor::write(const uint8_t *data, size_t size) {
  is_waiting(true);
  size = fwrite(data, 1, size, stdout);
  fflush(stdout);
  return size;
}

int Monitor::available() {
  struct pollfd input = {0, POLLIN, 0};
  return !is_over && ::poll(&input, 1, 0) > 0;
}

int Monitor::read() {
  unsigned char byte;
  if (::read(0, &byte, 1) != 1) {
    is_over = true;
    return -1;
  }
  is_waiting(false);
  return byte;
}

/* For so many minutes of the board; or until the script on standard input ends, or two minutes. */
int main() {
  const char *minutes = setting("SKETCH_MINUTES");
  unsigned long end = (minutes ? strtoul(minutes, nullptr, 10) : 2) * 60000;
  setup();
  for (; now < end && !is_over; now += 50) {
    loop();
    if (minutes && waits) {
      usleep(1000);
    }
  }
  return 0;
}
