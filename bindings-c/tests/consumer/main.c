/* What a program of somebody else does first with the library that was released. */
#include <stdio.h>
#include <string.h>

#include "tipwire.h"

int main(void) {
  char line[128];
  tipwire_writer writer;
  tipwire_frame frame;
  tipwire_push_begin(&writer, line, sizeof line, "4deedd7bab8817ec", "sensor-01");
  tipwire_number(&writer, "temperature", 32.5, 1);
  int32_t length = tipwire_finish_line(&writer);
  if (length < 0 || tipwire_parse(line, (size_t)length, &frame, NULL) != 0 ||
      !tipwire_equals(frame.serial, "sensor-01")) {
    return 1;
  }
  printf("%.*s", (int)length, line);
  return 0;
}
