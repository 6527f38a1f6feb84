/* UDP, to the port of this machine that the test says. */
#ifndef WIFIUDP_H
#define WIFIUDP_H

#include "WiFi.h"

class WiFiUDP {
public:
  ~WiFiUDP();
  uint8_t begin(uint16_t port);
  int beginPacket(const char *host, uint16_t port);
  size_t write(const uint8_t *data, size_t size);
  int endPacket();
  int parsePacket();
  int read(uint8_t *data, size_t size);

private:
  int socket_ = -1;
  uint16_t port_ = 0;
  std::string out_, in_;
};

#endif
