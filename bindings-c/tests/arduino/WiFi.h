/* WiFi whose other side is the script on standard input: a line "answer <text>" comes when the sketch
 * has sent something, "close" ends the connection, "refuse" lets the next one fail. */
#ifndef WIFI_H
#define WIFI_H

#include "Arduino.h"

enum { WL_CONNECTED = 3 };

struct Network {
  void begin(const char *, const char *) {}
  int status() { return WL_CONNECTED; }
};
extern Network WiFi;

class WiFiClient : public Stream {
public:
  using Print::write;
  int connect(const char *host, uint16_t port);
  void stop() { is_open_ = false; }
  bool connected() { return is_open_; }
  int available() override { return static_cast<int>(waiting_.size()); }
  int read() override;
  int read(uint8_t *data, size_t size);
  size_t write(const uint8_t *data, size_t size) override;

private:
  bool is_open_ = false;
  std::string waiting_;
};

#endif
