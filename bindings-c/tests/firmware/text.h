#if defined(__XTENSA__) && defined(__clang__)
#include "registers.h"
#endif

static const char LINE[] = "PUSH|!42|4deedd7bab8817ec|sensor-01|@1694567890000[temperature:=32.5#C;"
                           "humidity:=65{source=dht22};status=on\\|line]\n";
static char frame[256];
static int32_t frame_length;

static void write_frame(void) {
  tipwire_writer w;
  tipwire_push_begin(&w, frame, sizeof frame, "4deedd7bab8817ec", "sensor-01");
  tipwire_seq(&w, 42);
  tipwire_time(&w, 1694567890000u);
  tipwire_number(&w, "temperature", 32.456, 1);
  tipwire_unit(&w, "C");
  tipwire_integer(&w, "humidity", 65);
  tipwire_pair_put(&w, "source", "dht22");
  tipwire_string(&w, "status", "on|line");
  frame_length = tipwire_finish_line(&w);
}

static int seen;

static void read_frame(void) {
  tipwire_frame read;
  tipwire_variables variables;
  tipwire_variable variable;
  seen = 0;
  if (tipwire_parse(frame, (size_t)frame_length, &read, NULL) == 0) {
    tipwire_variables_of(&read, &variables);
    while (tipwire_next(&variables, &variable) > 0) {
      seen++;
    }
    seen += tipwire_equals(read.serial, "sensor-01") && read.seq == 42 ? 100 : 0;
  }
}

static void read_answer(void) {
  tipwire_ack ack;
  seen = tipwire_parse_ack("ACK|!42|OK|3\n", 13, &ack, NULL) == 0 && ack.seq == 42 &&
         ack.detail == TIPWIRE_DETAIL_COUNT && ack.count == 3;
}

static void text_checks(void) {
  uint32_t most, stack = stack_of(write_frame);
  most = stack;
  CHECK(frame_length == sizeof LINE - 1);
  for (int32_t at = 0; at < frame_length; at++) {
    CHECK(frame[at] == LINE[at]);
  }
  stack = stack_of(read_frame);
  most = stack > most ? stack : most;
  CHECK(seen == 103);
  stack = stack_of(read_answer);
  most = stack > most ? stack : most;
  CHECK(seen == 1);
  say_number("stack", most);
}
