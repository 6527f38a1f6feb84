/* A WiFi that is always there. The test says which port of this machine stands for one that the sketch
 * wants; where it does not, the other side is the script on standard input: a line "answer <text>"
 * comes when the sketch has sent something, "close" ends the connection, "refuse" lets the next one
 * fail, "nothing" is what happens then. */
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
  ~WiFiClient() { stop(); }
  int connect(const char *host, uint16_t port);
  void stop();
  bool connected();
  int available() override;
  int read() override;
  int read(uint8_t *data, size_t size);
  size_t write(const uint8_t *data, size_t size) override;

private:
  int take();
  bool is_open_ = false;
  int socket_ = -1;
  std::string waiting_;
};

#endif
