/* Every status of the header comes out of some function. C99, C11 and C++17 alike. */
#include "check.h"

#define TEN(x) x x x x x x x x x x
#define A100 TEN(TEN("a"))
#define HEAD "PUSH|" AUTH "|s|"

static char buffer[40000];

/* What a line is: an uplink, or an answer. */
static int32_t uplink(const char *line) {
  tipwire_frame frame;
  return tipwire_parse(line, strlen(line), &frame, NULL);
}

static int32_t ack(const char *line) {
  tipwire_ack answer;
  return tipwire_parse_ack(line, strlen(line), &answer, NULL);
}

/* A block of so many times the same, with what stands before and after it. */
static int32_t repeated(const char *before, const char *again, int times, const char *after) {
  strcpy(buffer, before);
  for (int n = 0; n < times; n++) {
    strcat(buffer, again);
  }
  return uplink(strcat(buffer, after));
}

static tipwire_writer w;

static void begin(size_t room) { tipwire_push_begin(&w, buffer, room, AUTH, "s"); }

/* A sealer of "s", with the next counter. */
static tipwire_sealer *sealer(uint8_t cipher, uint64_t next) {
  static tipwire_sealer made;
  static const unsigned char key[32] = {0};
  tipwire_token token;
  CHECK(tipwire_token_init(&token, TOKEN, NULL) == 0);
  CHECK(tipwire_sealer_init(&made, 0, cipher, key, (size_t)tipwire_key_length(cipher), &token, "s", next) == 0);
  return &made;
}

static int32_t seal(tipwire_sealer *with, uint8_t method, const char *inner, size_t length) {
  return tipwire_seal(with, method, inner, length, buffer, sizeof buffer);
}

static int32_t header(const char *flags) {
  tipwire_header header;
  memset(buffer, 0, 40);
  strcpy(buffer, flags);
  return tipwire_parse_header(0, buffer, 40, &header);
}

static int32_t packet(const char *bytes, size_t length) {
  tipwire_packet packet;
  return tipwire_parse_packet(bytes, length, &packet, NULL);
}

/* One of these for each status that a line alone does not show. */
static int32_t too_large(void) { return repeated(HEAD "[t=", "aaaaaaaaaa", 1639, "]"); }
static int32_t nul(void) {
  tipwire_frame frame;
  return tipwire_parse("PING|\0", 6, &frame, NULL);
}
static int32_t too_many_variables(void) { return repeated(HEAD "[t:=1", ";t:=1", 100, "]"); }
static int32_t too_many_pairs(void) { return repeated(HEAD "[t:=1{k=v", ",k=v", 32, "}]"); }
static int32_t too_small(void) { return begin(30), tipwire_integer(&w, "temperature", 1), tipwire_finish(&w); }
static int32_t not_finite(void) { return begin(99), tipwire_double(&w, "t", strtod("nan", NULL)), tipwire_finish(&w); }
static int32_t digits(void) { return begin(999), tipwire_number(&w, "t", 1e300, 1), tipwire_finish(&w); }
static int32_t given_already(void) {
  return begin(99), tipwire_integer(&w, "t", 1), tipwire_unit(&w, "C"), tipwire_unit(&w, "C"), tipwire_finish(&w);
}
static int32_t misplaced(void) { return begin(99), tipwire_unit(&w, "C"), tipwire_finish(&w); }
static int32_t revision(void) {
  return begin(99), tipwire_revision(&w, TIPWIRE_REVISION_A), tipwire_location(&w, 1, 2, 1), tipwire_finish(&w);
}
static int32_t empty(void) { return begin(99), tipwire_finish(&w); }
static int32_t missing(void) {
  tipwire_event event;
  return tipwire_parse_event("{}", 2, &event);
}
static int32_t type(void) { return begin(99), tipwire_put_values(&w, "1", 1); }
static int32_t json(void) { return begin(99), tipwire_put_json(&w, "{", 1), tipwire_finish(&w); }
static int32_t token(void) {
  tipwire_token token;
  return tipwire_token_init(&token, "at", NULL);
}
static int32_t too_short(void) { return packet("TP", 2); }
static int32_t plaintext(void) { return header("ACK|ERR|invalid_payload"); }
static int32_t version(void) { return header("\x08"); }
static int32_t cipher(void) { return header("\xe0"); }
static int32_t method(void) { return header("\x04"); }
static int32_t invalid_key(void) {
  tipwire_opener opener;
  return tipwire_opener_init(&opener, TIPWIRE_AES_128_CCM, "key", 3, NULL);
}
static int32_t envelope_too_large(void) {
  tipwire_header header;
  memset(buffer, 0, sizeof buffer);
  return tipwire_parse_header(0, buffer, sizeof buffer, &header);
}
static int32_t auth_failed(void) {
  tipwire_text text;
  int32_t length = seal(sealer(0, 1), TIPWIRE_PING, "s", 1);
  CHECK(length > 0);
  buffer[length - 1] = (char)(buffer[length - 1] ^ 1);
  return tipwire_sealer_open(sealer(0, 1), 0, buffer, (size_t)length, NULL, &text);
}
static int32_t exhausted(void) { return seal(sealer(0, UINT64_C(1) << 32), TIPWIRE_PING, "s", 1); }
static int32_t unreserved(void) {
  tipwire_sealer *one = sealer(0, 1);
  CHECK(tipwire_sealer_reserve(one, 1) == 2 && seal(one, TIPWIRE_PING, "s", 1) > 0);
  return seal(one, TIPWIRE_PING, "s", 1);
}
static int32_t forbidden_flags(void) { return seal(sealer(TIPWIRE_AES_256_CCM, 1), TIPWIRE_PULL, "s|[t]", 5); }
static int32_t other_serial(void) { return seal(sealer(0, 1), TIPWIRE_PING, "x", 1); }
static int32_t too_long(void) { return packet("TP\0\0\0\1\0\0", 8); }
static int32_t corrupt(void) { return packet("PT", 2); }
static int32_t settings(void) { return tipwire_splitter_capacity("what", NULL); }
static int32_t trailing_bytes(void) { return packet("TP\0\0\0\0\0\0x", 9); }
static int32_t full(void) {
  static char queue[64], input[64];
  tipwire_client client;
  int32_t status = tipwire_client_init(&client, NULL, AUTH, "s", queue, sizeof queue, input, sizeof input);
  while (status == 0) {
    status = tipwire_client_ping(&client, 0, NULL, NULL);
  }
  return status;
}
static tipwire_server *server(void) {
  static char input[64], output[64];
  static tipwire_server made;
  CHECK(tipwire_server_init(&made, NULL, input, sizeof input, output, sizeof output, 0) == 0);
  return &made;
}
static int32_t closed(void) {
  tipwire_server *one = server();
  CHECK(tipwire_server_close(one, "rate_limited") == 0);
  return tipwire_server_command(one, NULL, "x");
}
static int32_t turn(void) { return tipwire_server_refuse(server(), 7, NULL, "server_error"); }
static int32_t path(void) {
  tipwire_http_request request;
  CHECK(tipwire_envelope_to_http("e", 1, &request) == 0);
  return tipwire_http_to_frame(&request, buffer, sizeof buffer, NULL);
}
static int32_t topic(void) {
  tipwire_tagoio_topic topic;
  return tipwire_parse_tagoio_topic("$tip", &topic);
}
static int32_t argument(void) { return tipwire_parse(NULL, 1, NULL, NULL); }
static int32_t uninitialized(void) {
  memset(&w, 0, sizeof w);
  return tipwire_finish(&w);
}
#ifdef PROBE
#ifdef __cplusplus
extern "C"
#endif
int32_t tipwire_probe_panic(void);
#endif

static const struct row {
  int32_t status;
  int32_t (*read)(const char *line);
  const char *line;
  int32_t (*provoke)(void);
} ROWS[] = {
    {TIPWIRE_E_TOO_LARGE, NULL, NULL, too_large},
    {TIPWIRE_E_NUL, NULL, NULL, nul},
    {TIPWIRE_E_UTF8, uplink, HEAD "[t=\xff]", NULL},
    {TIPWIRE_E_METHOD, uplink, "POST|", NULL},
    {TIPWIRE_E_ANSWER, ack, "PUSH|", NULL},
    {TIPWIRE_E_SEQ, uplink, "PING|!|" AUTH "|s", NULL},
    {TIPWIRE_E_SEQ_RANGE, uplink, "PING|!4294967296|" AUTH "|s", NULL},
    {TIPWIRE_E_SEQ_END, uplink, "PING|!1;" AUTH "|s", NULL},
    {TIPWIRE_E_AUTH, uplink, "PING|xyz|s", NULL},
    {TIPWIRE_E_AUTH_END, uplink, "PING|" AUTH "0|s", NULL},
    {TIPWIRE_E_SERIAL, uplink, "PING|" AUTH "|", NULL},
    {TIPWIRE_E_SERIAL_LENGTH, uplink, "PING|" AUTH "|" A100 "a", NULL},
    {TIPWIRE_E_SERIAL_END, uplink, "PUSH|" AUTH "|s", NULL},
    {TIPWIRE_E_TRAILING, uplink, "PING|" AUTH "|s|x", NULL},
    {TIPWIRE_E_STATUS, ack, "ACK|WHAT", NULL},
    {TIPWIRE_E_DETAIL, ack, "ACK|CMD|a|b", NULL},
    {TIPWIRE_E_COUNT, ack, "ACK|OK|99999999999999999999", NULL},
    {TIPWIRE_E_BODY, uplink, HEAD "x", NULL},
    {TIPWIRE_E_MODIFIER, uplink, HEAD "{k=v}^g[t:=1]", NULL},
    {TIPWIRE_E_RAW, uplink, HEAD ">y", NULL},
    {TIPWIRE_E_HEX, uplink, HEAD ">xzz", NULL},
    {TIPWIRE_E_BASE64, uplink, HEAD ">b*", NULL},
    {TIPWIRE_E_LIST, uplink, "PULL|" AUTH "|s|t", NULL},
    {TIPWIRE_E_LIST_END, uplink, "PULL|" AUTH "|s|[t*]", NULL},
    {TIPWIRE_E_NAME, uplink, HEAD "[T:=1]", NULL},
    {TIPWIRE_E_NAME_LENGTH, uplink, HEAD "[" A100 "a:=1]", NULL},
    {TIPWIRE_E_OPERATOR, uplink, HEAD "[t:1]", NULL},
    {TIPWIRE_E_NUMBER, uplink, HEAD "[t:=x]", NULL},
    {TIPWIRE_E_LEADING_ZERO, uplink, HEAD "[t:=01]", NULL},
    {TIPWIRE_E_BOOLEAN, uplink, HEAD "[t?=yes]", NULL},
    {TIPWIRE_E_TEXT, uplink, HEAD "[t=]", NULL},
    {TIPWIRE_E_ESCAPE, uplink, HEAD "[t=\\q]", NULL},
    {TIPWIRE_E_LOCATION, uplink, HEAD "[t@=1]", NULL},
    {TIPWIRE_E_SUFFIX, uplink, HEAD "[t:=1#C#D]", NULL},
    {TIPWIRE_E_TOO_MANY_VARIABLES, NULL, NULL, too_many_variables},
    {TIPWIRE_E_UNIT, uplink, HEAD "[t:=1#]", NULL},
    {TIPWIRE_E_UNIT_LENGTH, uplink, HEAD "[t:=1#" TEN("uuu") "]", NULL},
    {TIPWIRE_E_TIME, uplink, HEAD "[t:=1@x]", NULL},
    {TIPWIRE_E_TIME_RANGE, uplink, HEAD "[t:=1@99999999999999999999]", NULL},
    {TIPWIRE_E_GROUP, uplink, HEAD "[t:=1^]", NULL},
    {TIPWIRE_E_GROUP_LENGTH, uplink, HEAD "[t:=1^" A100 "a]", NULL},
    {TIPWIRE_E_KEY, uplink, HEAD "[t:=1{K=v}]", NULL},
    {TIPWIRE_E_KEY_LENGTH, uplink, HEAD "[t:=1{" A100 "a=v}]", NULL},
    {TIPWIRE_E_PAIR, uplink, HEAD "[t:=1{k}]", NULL},
    {TIPWIRE_E_METADATA, uplink, HEAD "[t:=1{k=v;}]", NULL},
    {TIPWIRE_E_TOO_MANY_PAIRS, NULL, NULL, too_many_pairs},
    {TIPWIRE_E_BUFFER, NULL, NULL, too_small},
    {TIPWIRE_E_NOT_FINITE, NULL, NULL, not_finite},
    {TIPWIRE_E_DIGITS, NULL, NULL, digits},
    {TIPWIRE_E_REPEATED, NULL, NULL, given_already},
    {TIPWIRE_E_MISPLACED, NULL, NULL, misplaced},
    {TIPWIRE_E_REVISION, NULL, NULL, revision},
    {TIPWIRE_E_EMPTY, NULL, NULL, empty},
    {TIPWIRE_E_MISSING, NULL, NULL, missing},
    {TIPWIRE_E_TYPE, NULL, NULL, type},
    {TIPWIRE_E_JSON, NULL, NULL, json},
    {TIPWIRE_E_TOKEN, NULL, NULL, token},
    {TIPWIRE_E_TOO_SHORT, NULL, NULL, too_short},
    {TIPWIRE_E_PLAINTEXT, NULL, NULL, plaintext},
    {TIPWIRE_E_UNSUPPORTED_VERSION, NULL, NULL, version},
    {TIPWIRE_E_UNSUPPORTED_CIPHER, NULL, NULL, cipher},
    {TIPWIRE_E_ENVELOPE_METHOD, NULL, NULL, method},
    {TIPWIRE_E_INVALID_KEY, NULL, NULL, invalid_key},
    {TIPWIRE_E_ENVELOPE_TOO_LARGE, NULL, NULL, envelope_too_large},
    {TIPWIRE_E_AUTH_FAILED, NULL, NULL, auth_failed},
    {TIPWIRE_E_COUNTER_EXHAUSTED, NULL, NULL, exhausted},
    {TIPWIRE_E_COUNTER_UNRESERVED, NULL, NULL, unreserved},
    {TIPWIRE_E_FORBIDDEN_FLAGS, NULL, NULL, forbidden_flags},
    {TIPWIRE_E_OTHER_SERIAL, NULL, NULL, other_serial},
    {TIPWIRE_E_TOO_LONG, NULL, NULL, too_long},
    {TIPWIRE_E_CORRUPT, NULL, NULL, corrupt},
    {TIPWIRE_E_INVALID_SETTINGS, NULL, NULL, settings},
    {TIPWIRE_E_TRAILING_BYTES, NULL, NULL, trailing_bytes},
    {TIPWIRE_E_FULL, NULL, NULL, full},
    {TIPWIRE_E_CLOSED, NULL, NULL, closed},
    {TIPWIRE_E_TURN, NULL, NULL, turn},
    {TIPWIRE_E_PATH, NULL, NULL, path},
    {TIPWIRE_E_TOPIC, NULL, NULL, topic},
    {TIPWIRE_E_ARGUMENT, NULL, NULL, argument},
    {TIPWIRE_E_UNINITIALIZED, NULL, NULL, uninitialized},
#ifdef PROBE
    {TIPWIRE_E_PANIC, NULL, NULL, tipwire_probe_panic},
#endif
};

/* A status that the library has and the table has not is one that nobody has seen. */
static int has_row(int32_t status) {
  for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
    if (ROWS[at].status == status) {
      return 1;
    }
  }
  return 0;
}

int main(void) {
  int wrong = 0;
  for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
    const struct row *row = &ROWS[at];
    int32_t status = row->read ? row->read(row->line) : row->provoke();
    if (status != row->status) {
      tipwire_text wanted = tipwire_status_name(row->status), found = tipwire_status_name(status);
      fprintf(stderr, "%.*s: %.*s (%d)\n", (int)wanted.length, wanted.data, (int)found.length, found.data, (int)status);
    }
    checks++, wrong += status != row->status;
  }
  CHECK(wrong == 0);
  for (int32_t status = 0; status > -1000; status--) {
#ifndef PROBE
    if (status == TIPWIRE_E_PANIC) {
      continue;
    }
#endif
    CHECK((tipwire_status_name(status).data != NULL) == has_row(status));
  }
  printf("%d checks passed\n", checks);
  return 0;
}
