/* The network of the board. */
#include "WiFiUdp.h"
#include "board.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

Network WiFi;

/* Which port of this machine stands for the one that the sketch wants; 0 for none. */
static uint16_t stands_for(uint16_t port) {
  const char *found = board::setting(("SKETCH_PORT_" + std::to_string(port)).c_str());
  return found ? static_cast<uint16_t>(strtoul(found, nullptr, 10)) : 0;
}

static struct sockaddr_in here(uint16_t port) {
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int WiFiClient::connect(const char *host, uint16_t port) {
  stop();
  if (uint16_t real = stands_for(port)) {
    struct sockaddr_in address = here(real);
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    is_open_ = ::connect(socket_, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0;
  } else {
    std::string line = board::next_line();
    printf("> %s:%d %s\n", host, port, line.c_str());
    is_open_ = line == "accept";
  }
  return is_open_;
}

void WiFiClient::stop() {
  if (socket_ >= 0) {
    close(socket_);
  }
  socket_ = -1;
  is_open_ = false;
  waiting_.clear();
}

/* Takes what has come from the socket. */
int WiFiClient::take() {
  char bytes[512];
  ssize_t length;
  while (socket_ >= 0 && (length = recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0) {
    if (length == 0) {
      close(socket_);
      socket_ = -1;
      is_open_ = false;
    }
    waiting_.append(bytes, length);
    board::is_waiting(false);
  }
  return static_cast<int>(waiting_.size());
}

bool WiFiClient::connected() { return take() > 0 || is_open_; }

int WiFiClient::available() { return take(); }

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
  board::is_waiting(true);
  if (socket_ >= 0) {
    ssize_t sent = send(socket_, data, size, MSG_NOSIGNAL);
    return sent > 0 ? sent : 0;
  }
  printf("> %.*s", static_cast<int>(size), reinterpret_cast<const char *>(data));
  std::string line = board::next_line();
  if (line == "close") {
    is_open_ = false;
  } else if (line.rfind("answer ", 0) == 0) {
    waiting_ += line.substr(7) + "\n";
  }
  return size;
}

WiFiUDP::~WiFiUDP() {
  if (socket_ >= 0) {
    close(socket_);
  }
}

uint8_t WiFiUDP::begin(uint16_t) {
  socket_ = socket(AF_INET, SOCK_DGRAM, 0);
  return socket_ >= 0;
}

int WiFiUDP::beginPacket(const char *, uint16_t port) {
  port_ = stands_for(port);
  out_.clear();
  return port_ != 0;
}

size_t WiFiUDP::write(const uint8_t *data, size_t size) {
  out_.append(reinterpret_cast<const char *>(data), size);
  return size;
}

int WiFiUDP::endPacket() {
  board::is_waiting(true);
  struct sockaddr_in address = here(port_);
  return sendto(socket_, out_.data(), out_.size(), 0, reinterpret_cast<sockaddr *>(&address),
                sizeof address) >= 0;
}

int WiFiUDP::parsePacket() {
  char bytes[2048];
  ssize_t length = recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
  in_.assign(bytes, length > 0 ? length : 0);
  if (length > 0) {
    board::is_waiting(false);
  }
  return static_cast<int>(in_.size());
}

int WiFiUDP::read(uint8_t *data, size_t size) {
  size = in_.copy(reinterpret_cast<char *>(data), size);
  in_.erase(0, size);
  return static_cast<int>(size);
}
