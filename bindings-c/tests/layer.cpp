// The layer of C++: what it builds is read again by it. C++11 and C++17, without the STL.
#include "tipwire.hpp"

#include <cstdio>
#include <cstring>

#define CHECK(condition)                                                                            \
  do {                                                                                              \
    if (!(condition)) {                                                                             \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                          \
      return 1;                                                                                     \
    }                                                                                               \
  } while (0)

int main() {
  char buffer[256];
  tipwire::Push push(buffer, "4deedd7bab8817ec", "sensor-01");
  push.group("boot").seq(7).number("temperature", 32.456, 1).unit("C").metadata("by", "dht22");
  push.string("status", "on|line").boolean("on", true).position("p", 39.74, -104.99, 2);
  tipwire::Bytes line = push.line();
  const char wanted[] = "PUSH|!7|4deedd7bab8817ec|sensor-01|^boot[temperature:=32.5#C{by=dht22};"
                        "status=on\\|line;on?=true;p@=39.74,-104.99]\n";
  CHECK(line && line.size == sizeof wanted - 1 && std::memcmp(line.data, wanted, line.size) == 0);

  tipwire::Frame frame(line.data, line.size);
  CHECK(frame.ok() && frame.seq == 7 && frame.serial == "sensor-01");
  int count = 0, keys = 0;
  for (auto &v : frame.variables()) {
    count++;
    for (auto &pair : tipwire::pairs(v.metadata)) {
      keys += pair.key == "by" && pair.text == "dht22";
    }
    CHECK(count != 1 || tipwire::to_double(v.value) == 32.5);
  }
  CHECK(count == 4 && keys == 1);
  for (auto &point : frame.points()) {
    CHECK(point.group == "boot");
  }

  const char answer[] = "ACK|OK|[t:=1;h:=2]\n";
  tipwire::Ack ack(answer, sizeof answer - 1);
  count = 0;
  for (auto v : ack.variables()) {
    count += v.type == TIPWIRE_NUMBER;
  }
  CHECK(ack.ok() && count == 2);

  tipwire::Frame wrong("PUSH|", 5);
  CHECK(!wrong.ok() && wrong.error().status == TIPWIRE_E_AUTH);
  for (auto &v : wrong.variables()) {
    CHECK(!v.name.data);
  }
  tipwire::Push failing(buffer, "4deedd7bab8817ec", "sensor-01");
  CHECK(!failing.integer("Wrong", 1).line() && failing.error().status == TIPWIRE_E_NAME);
  return 0;
}
