/* What `cargo xtask bench c` measures: a C program's side of the work that core/benches/src/c.rs does in
 * Rust. */
#include "tipwire.h"

/* What was found, in a form that depends on every field. */
typedef struct {
  double numbers;
  size_t bytes;
} bench_sum;

size_t bench_parse(const char *line, size_t length);
size_t bench_parse_answer(const char *line, size_t length);
bench_sum bench_read(const char *line, size_t length);
bench_sum bench_read_answer(const char *line, size_t length);
int32_t bench_build(const char *auth, const char *serial, double number, char *out, size_t capacity);
int32_t bench_seal(tipwire_sealer *sealer, const void *text, size_t length, void *out,
                   size_t capacity);
size_t bench_open(const tipwire_opener *opener, void *envelope, size_t length);
tipwire_sealer *bench_sealer(uint8_t cipher, const void *key, const char *token, const char *serial);
tipwire_opener *bench_opener(uint8_t cipher, const void *key, const char *serial);

static char text[4096];

size_t bench_parse(const char *line, size_t length) {
  tipwire_frame frame;
  return tipwire_parse(line, length, &frame, NULL) == 0 ? frame.method + frame.serial.length : 0;
}

size_t bench_parse_answer(const char *line, size_t length) {
  tipwire_ack ack;
  return tipwire_parse_ack(line, length, &ack, NULL) == 0 ? ack.detail + ack.text.length : 0;
}

static double number(tipwire_text digits) {
  double value = 0;
  tipwire_to_double(digits, &value);
  return value;
}

static double place(tipwire_text location) {
  tipwire_text lat, lng, alt;
  tipwire_coordinates(location, &lat, &lng, &alt);
  return number(lat) + number(lng) + (alt.data ? number(alt) : 0);
}

static size_t pairs_of(const tipwire_metadata *metadata) {
  tipwire_pairs pairs;
  tipwire_pair pair;
  size_t bytes = 0;
  tipwire_pairs_of(metadata, &pairs);
  while (tipwire_next_pair(&pairs, &pair) > 0) {
    bytes += pair.key.length + (size_t)tipwire_unescape(pair.text, text, sizeof text);
  }
  return bytes;
}

static bench_sum touch(tipwire_variables *variables) {
  tipwire_variable v;
  bench_sum sum = {0, 0};
  while (tipwire_next(variables, &v) > 0) {
    sum.bytes += v.name.length + v.unit.length + v.group.length;
    switch (v.type) {
    case TIPWIRE_NUMBER:
      sum.numbers += number(v.value);
      break;
    case TIPWIRE_STRING:
      sum.bytes += (size_t)tipwire_unescape(v.value, text, sizeof text);
      break;
    case TIPWIRE_BOOLEAN:
      sum.bytes += v.boolean;
      break;
    default:
      sum.numbers += place(v.value);
    }
    if (v.location.data) {
      sum.numbers += place(v.location);
    }
    if (v.has_time) {
      sum.numbers += (double)v.time;
    }
    if (v.has_metadata) {
      sum.bytes += pairs_of(&v.metadata);
    }
  }
  return sum;
}

bench_sum bench_read(const char *line, size_t length) {
  tipwire_frame frame;
  tipwire_variables variables;
  tipwire_names names;
  tipwire_text name;
  bench_sum sum = {0, 0};
  if (tipwire_parse(line, length, &frame, NULL) != 0) {
    return sum;
  }
  if (frame.method == TIPWIRE_PUSH && !frame.raw.data) {
    tipwire_variables_of(&frame, &variables);
    sum = touch(&variables);
  } else if (frame.method == TIPWIRE_PULL) {
    tipwire_names_of(&frame, &names);
    while (tipwire_next_name(&names, &name) > 0) {
      sum.bytes += name.length;
    }
  }
  sum.bytes += frame.auth.length + frame.serial.length + frame.group.length + frame.raw.length;
  return sum;
}

bench_sum bench_read_answer(const char *line, size_t length) {
  tipwire_ack ack;
  tipwire_variables variables;
  bench_sum sum = {0, 0};
  if (tipwire_parse_ack(line, length, &ack, NULL) != 0) {
    return sum;
  }
  if (ack.detail == TIPWIRE_DETAIL_VARIABLES) {
    tipwire_ack_variables_of(&ack, &variables);
    sum = touch(&variables);
  }
  sum.bytes += ack.status;
  return sum;
}

int32_t bench_build(const char *auth, const char *serial, double number, char *out, size_t capacity) {
  tipwire_writer w;
  tipwire_push_begin(&w, out, capacity, auth, serial);
  tipwire_number(&w, "temperature", number, 1);
  tipwire_unit(&w, "C");
  tipwire_integer(&w, "humidity", 65);
  tipwire_unit(&w, "%");
  tipwire_string(&w, "status", "on | line");
  tipwire_time(&w, 1694567890000u);
  tipwire_pair_put(&w, "source", "dht22");
  return tipwire_finish_line(&w);
}

int32_t bench_seal(tipwire_sealer *sealer, const void *inner, size_t length, void *out,
                   size_t capacity) {
  return tipwire_seal(sealer, TIPWIRE_PUSH, inner, length, out, capacity);
}

size_t bench_open(const tipwire_opener *opener, void *envelope, size_t length) {
  tipwire_text inner;
  if (tipwire_open(opener, TIPWIRE_LAYOUT_CURRENT, envelope, length, NULL, &inner) != 0) {
    return 0;
  }
  return inner.length;
}

/* The storage stands here, so that nobody else has to know its size. */
tipwire_sealer *bench_sealer(uint8_t cipher, const void *key, const char *token,
                             const char *serial) {
  static tipwire_sealer sealer;
  tipwire_token held;
  if (tipwire_token_init(&held, token, NULL) != 0 ||
      tipwire_sealer_init(&sealer, TIPWIRE_LAYOUT_CURRENT, cipher, key,
                          (size_t)tipwire_key_length(cipher), &held, serial, 1) != 0) {
    return NULL;
  }
  tipwire_token_wipe(&held);
  return &sealer;
}

tipwire_opener *bench_opener(uint8_t cipher, const void *key, const char *serial) {
  static tipwire_opener opener;
  if (tipwire_opener_init(&opener, cipher, key, (size_t)tipwire_key_length(cipher), serial) != 0) {
    return NULL;
  }
  return &opener;
}
