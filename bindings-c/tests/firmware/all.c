/* Everything: all ciphers, JSON, splitters, sessions. */
#include "board.h"
#include "tipwire.h"

#include "text.h"

#include "envelope.h"

static char json[512];
static int32_t json_length;

static void write_json(void) {
  tipwire_frame read;
  json_length = tipwire_parse(frame, (size_t)frame_length, &read, NULL);
  if (json_length == 0) {
    json_length = tipwire_points_json(&read, json, sizeof json);
  }
}

int main(void) {
  text_checks();
  envelope_checks(5);
  say_number("stack", stack_of(write_json));
  CHECK(json_length > 100 && json[0] == '[' && json[json_length - 1] == ']');
  return 0;
}
