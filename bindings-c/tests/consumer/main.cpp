// The same as main.c, by the layer of C++.
#include <cstdio>

#include "tipwire.hpp"

int main() {
  char buffer[128];
  tipwire::Push push(buffer, "4deedd7bab8817ec", "sensor-01");
  push.number("temperature", 32.5, 1);
  const tipwire::Bytes bytes = push.line();
  std::printf("%.*s", static_cast<int>(bytes.size), bytes.data);
  return bytes ? 0 : 1;
}
