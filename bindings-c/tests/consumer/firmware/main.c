/* What the firmware of somebody else does first with the library that was released. */
#include "board.h"
#include "tipwire.h"

int main(void) {
  static const char wanted[] = "PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5]\n";
  static char line[128];
  tipwire_writer writer;
  tipwire_frame frame;
  tipwire_push_begin(&writer, line, sizeof line - 1, "4deedd7bab8817ec", "sensor-01");
  tipwire_number(&writer, "temperature", 32.5, 1);
  int32_t length = tipwire_finish_line(&writer);
  CHECK(length == (int32_t)sizeof wanted - 1);
  CHECK(tipwire_parse(line, (size_t)length, &frame, NULL) == 0);
  CHECK(tipwire_equals(frame.serial, "sensor-01"));
  say(line);
  return 0;
}
