#include "WiFi.h"

void setup();
void loop();

Monitor Serial;
Network WiFi;
static unsigned long now;
static bool is_over;

unsigned long millis() { return now; }

/* The next line of the script. */
static std::string next_line() {
  char line[512];
  if (!fgets(line, sizeof line, stdin)) {
    is_over = true;
    return "";
  }
  line[strcspn(line, "\n")] = 0;
  return line;
}

int WiFiClient::connect(const char *host, uint16_t port) {
  std::string line = next_line();
  printf("> %s:%d %s\n", host, port, line.c_str());
  is_open_ = line == "accept";
  waiting_.clear();
  return is_open_;
}

int WiFiClient::read() {
  uint8_t byte = 0;
  return read(&byte, 1) == 1 ? byte : -1;
}

int WiFiClient::read(uint8_t *data, size_t size) {
  size = waiting_.copy(reinterpret_cast<char *>(data), size);
  waiting_.erase(0, size);
  return static_cast<int>(size);
}

size_t WiFiClient::write(const uint8_t *data, size_t size) {
  if (!is_open_) {
    return 0;
  }
  printf("> %.*s", static_cast<int>(size), reinterpret_cast<const char *>(data));
  std::string line = next_line();
  if (line == "close") {
    is_open_ = false;
  } else if (line.rfind("answer ", 0) == 0) {
    waiting_ += line.substr(7) + "\n";
  }
  return size;
}

int main() {
  setup();
  /* Until the input ends; a minute and a half at most. */
  for (; now < 90000 && !is_over && !feof(stdin); now += 50) {
    loop();
  }
  return 0;
}
