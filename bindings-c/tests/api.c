/* What C programs rely on: statuses, NULL, short buffers, alignment, sizes, what is left untouched.
 * C99, C11 and C++17 alike. */
#include "check.h"

static void sizes_are_what_the_macros_say(void) {
  CHECK(sizeof(tipwire_frame) <= 256 && sizeof(tipwire_ack) <= 256);
  CHECK(tipwire_writer_size() == TIPWIRE_WRITER_SIZE && sizeof(tipwire_writer) == TIPWIRE_WRITER_SIZE);
  CHECK(tipwire_token_size() == TIPWIRE_TOKEN_SIZE && sizeof(tipwire_token) == TIPWIRE_TOKEN_SIZE);
  CHECK(tipwire_opener_size() == TIPWIRE_OPENER_SIZE && sizeof(tipwire_opener) == TIPWIRE_OPENER_SIZE);
  CHECK(tipwire_sealer_size() == TIPWIRE_SEALER_SIZE && sizeof(tipwire_sealer) == TIPWIRE_SEALER_SIZE);
  CHECK(tipwire_splitter_size() == TIPWIRE_SPLITTER_SIZE);
  CHECK(sizeof(tipwire_splitter) == TIPWIRE_SPLITTER_SIZE);
  CHECK(tipwire_server_size() == TIPWIRE_SERVER_SIZE && sizeof(tipwire_server) == TIPWIRE_SERVER_SIZE);
  CHECK(sizeof(tipwire_sequence) == TIPWIRE_SEQUENCE_SIZE);
  CHECK(tipwire_client_size() == TIPWIRE_CLIENT_SIZE && sizeof(tipwire_client) == TIPWIRE_CLIENT_SIZE);
}

static void every_status_has_a_name_and_a_sentence(void) {
  int named = 0;
  for (int32_t status = 10; status > -400; status--) {
    tipwire_text name = tipwire_status_name(status), text = tipwire_status_sentence(status);
    tipwire_text wire = tipwire_status_code(status);
    CHECK((name.data == NULL) == (text.data == NULL) && (name.data == NULL) == (wire.data == NULL));
    named += name.data != NULL && name.length > 1 && text.length > 5;
  }
  CHECK(named > 70);
  CHECK(tipwire_equals(tipwire_status_name(TIPWIRE_E_LEADING_ZERO), "leading_zero"));
  CHECK(tipwire_equals(tipwire_status_code(TIPWIRE_E_LEADING_ZERO), "invalid_payload"));
  CHECK(tipwire_equals(tipwire_status_name(TIPWIRE_E_PANIC), "panic"));
  CHECK(tipwire_equals(tipwire_field_name(0), "seq") && !tipwire_field_name(-1).data);
}

static void failures_leave_outputs_alone(void) {
  const char line[] = "PUSH|" AUTH "|sensor-01|[t:=032]";
  char sentence[128];
  tipwire_frame frame, before;
  tipwire_ack ack;
  tipwire_error error;
  memset(&frame, 0x5a, sizeof frame);
  before = frame;
  CHECK(tipwire_parse(line, sizeof line - 1, &frame, &error) == TIPWIRE_E_LEADING_ZERO);
  CHECK(memcmp(&frame, &before, sizeof frame) == 0);
  CHECK(error.status == TIPWIRE_E_LEADING_ZERO && error.at == 37 && error.point == -1);
  int32_t length = tipwire_explain(&error, line, sizeof line - 1, sentence, sizeof sentence);
  CHECK(length > 0 && (size_t)length < sizeof sentence);
  CHECK(tipwire_explain(&error, line, sizeof line - 1, sentence, 5) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_parse(line, sizeof line - 1, &frame, NULL) == TIPWIRE_E_LEADING_ZERO);
  CHECK(tipwire_parse_ack(line, sizeof line - 1, &ack, NULL) == TIPWIRE_E_ANSWER);
}

static void null_is_an_error(void) {
  char buffer[64];
  int64_t integer;
  tipwire_frame frame;
  tipwire_variables variables;
  tipwire_variable variable;
  tipwire_writer w;
  tipwire_error error;
  CHECK(tipwire_parse(NULL, 5, &frame, &error) == TIPWIRE_E_ARGUMENT);
  CHECK(error.status == TIPWIRE_E_ARGUMENT && error.at == -1);
  CHECK(tipwire_parse("PING", 4, NULL, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_parse("PING", SIZE_MAX, &frame, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_parse_inner(9, "s", 1, &frame, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_parse_inner(TIPWIRE_ACK, "OK", 2, &frame, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_variables_of(NULL, &variables) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_next(NULL, &variable) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_to_integer(frame.group = tipwire_status_name(1), &integer) == TIPWIRE_E_ARGUMENT);
  CHECK(!tipwire_equals(tipwire_status_name(1), "") && !tipwire_equals(tipwire_status_name(-1), NULL));
  CHECK(tipwire_push_begin(NULL, buffer, sizeof buffer, AUTH, "s") == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_push_begin(&w, NULL, sizeof buffer, AUTH, "s") == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_number(&w, "t", 1, 0) == TIPWIRE_E_ARGUMENT && tipwire_finish(&w) == TIPWIRE_E_ARGUMENT);
  tipwire_push_begin(&w, buffer, sizeof buffer, AUTH, "s");
  CHECK(tipwire_number(&w, NULL, 1, 0) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_number(&w, "t", 1, 0) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_finish(&w) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_splitter_reset(NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_token_init(NULL, TOKEN, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_key_length(9) == TIPWIRE_E_ARGUMENT);
}

static void pointers_that_are_not_aligned_are_an_error(void) {
  union {
    uint64_t words[64];
    char bytes[512];
  } memory;
  void *odd = memory.bytes + 1;
  memset(&memory, 0, sizeof memory);
  CHECK(tipwire_parse("PING|" AUTH "|s", 23, (tipwire_frame *)odd, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_ping_begin((tipwire_writer *)odd, memory.bytes, 9, AUTH, "s") == TIPWIRE_E_ARGUMENT);
  /* Bytes may stand anywhere. */
  tipwire_frame frame;
  memcpy(odd, "PING|" AUTH "|s", 23);
  CHECK(tipwire_parse(odd, 23, &frame, NULL) == 0 && tipwire_equals(frame.serial, "s"));
}

static void storage_that_was_never_set_up_is_an_error(void) {
  char buffer[64];
  static tipwire_writer w;
  static tipwire_sealer sealer;
  static tipwire_opener opener;
  static tipwire_token token;
  static tipwire_splitter splitter;
  tipwire_text text, input = {"", 0};
  tipwire_hash hash;
  CHECK(tipwire_finish(&w) == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_seal(&sealer, 0, "s", 1, buffer, sizeof buffer) == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_open(&opener, 0, buffer, 8, NULL, &text) == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_token_hash(&token, &hash) == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_token_wipe(&token) == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_split(&splitter, &input, &text) == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_sealer_next(&sealer) == 0);
}

static void frames_are_written_and_read_again(void) {
  const char wanted[] = "PUSH|!7|" AUTH "|sensor-01|@5{by=me}[temperature:=32.5#C;s=a\\|b{k=v};on?=true;"
                        "p@=39.74,-104.99]\n";
  char buffer[256], small[32];
  double number, lat;
  tipwire_writer w;
  tipwire_push_begin(&w, buffer, sizeof buffer, AUTH, "sensor-01");
  tipwire_time(&w, 5);
  tipwire_pair_put(&w, "by", "me");
  tipwire_number(&w, "temperature", 32.456, 1);
  tipwire_unit(&w, "C");
  tipwire_string(&w, "s", "a|b");
  tipwire_pair_put(&w, "k", "v");
  tipwire_boolean(&w, "on", true);
  tipwire_position(&w, "p", 39.74, -104.99, 2);
  tipwire_seq(&w, 7);
  int32_t length = tipwire_finish_line(&w);
  CHECK(length == (int32_t)sizeof wanted - 1 && memcmp(buffer, wanted, sizeof wanted - 1) == 0);
  CHECK(tipwire_finish(&w) == TIPWIRE_E_MISPLACED);

  for (size_t room = 0; room < sizeof wanted - 1; room++) {
    tipwire_push_begin(&w, small, room < sizeof small ? room : sizeof small, AUTH, "sensor-01");
    tipwire_integer(&w, "temperature", -1);
    CHECK(tipwire_finish_line(&w) == TIPWIRE_E_BUFFER);
  }

  tipwire_frame frame;
  tipwire_points points;
  tipwire_variable point;
  tipwire_pairs pairs;
  tipwire_pair pair;
  tipwire_text text, coordinates[3];
  CHECK(tipwire_parse(buffer, (size_t)length, &frame, NULL) == 0);
  CHECK(frame.method == TIPWIRE_PUSH && frame.has_seq && frame.seq == 7 && frame.has_time);
  tipwire_points_of(&frame, &points);
  CHECK(tipwire_next_point(&points, &point) == 1 && tipwire_equals(point.name, "temperature"));
  CHECK(tipwire_to_double(point.value, &number) == 0 && number == 32.5);
  CHECK(tipwire_equals(point.unit, "C") && point.time == 5);
  CHECK(tipwire_next_point(&points, &point) == 1 && point.type == TIPWIRE_STRING);
  CHECK(tipwire_unescape(point.value, small, sizeof small) == 3 && strcmp(small, "a|b") == 0);
  CHECK(tipwire_unescape(point.value, small, 3) == TIPWIRE_E_BUFFER);
  for (size_t n = 0; n < 6; n++) {
    static const char *const wrong[] = {"", "a;", "\\", "a\\x", "twelve bytes and }", "\t"};
    tipwire_text text = {wrong[n], strlen(wrong[n])};
    CHECK(tipwire_unescape(text, small, sizeof small) == TIPWIRE_E_TEXT);
  }
  CHECK(tipwire_find_pair(&point.metadata, "by", &text) == 1 && tipwire_equals(text, "me"));
  CHECK(tipwire_find_pair(&point.metadata, "no", &text) == 0);
  tipwire_pairs_of(&point.metadata, &pairs);
  CHECK(tipwire_next_pair(&pairs, &pair) == 1 && tipwire_equals(pair.key, "by"));
  CHECK(tipwire_next_pair(&pairs, &pair) == 1 && tipwire_equals(pair.key, "k"));
  CHECK(tipwire_next_pair(&pairs, &pair) == 0);
  CHECK(tipwire_next_point(&points, &point) == 1 && point.boolean == 1);
  CHECK(tipwire_next_point(&points, &point) == 1 && point.type == TIPWIRE_LOCATION);
  CHECK(tipwire_coordinates(point.value, coordinates, coordinates + 1, coordinates + 2) == 0);
  CHECK(tipwire_to_double(coordinates[0], &lat) == 0 && lat == 39.74 && !coordinates[2].data);
  CHECK(tipwire_next_point(&points, &point) == 0);

  /* A variable goes on into another frame. */
  tipwire_variables variables;
  tipwire_variables_of(&frame, &variables);
  tipwire_next(&variables, &point);
  char copy[128];
  tipwire_push_begin(&w, copy, sizeof copy, AUTH, "gateway");
  tipwire_put(&w, &point);
  tipwire_put_all(&w, &variables);
  CHECK(tipwire_finish(&w) > 0 && strstr(copy, "[temperature:=32.5#C;s=a\\|b{k=v};on?=true;p@=") != NULL);
}

static void errors_of_writing_name_the_point_and_the_field(void) {
  char buffer[128];
  tipwire_writer w;
  tipwire_error error;
  tipwire_push_begin(&w, buffer, sizeof buffer, AUTH, "s");
  tipwire_integer(&w, "ok", 1);
  tipwire_integer(&w, "Wrong", 1);
  CHECK(tipwire_finish(&w) == TIPWIRE_E_NAME);
  CHECK(tipwire_writer_error(&w, &error) == TIPWIRE_E_NAME && error.point == 1);
  CHECK(tipwire_equals(tipwire_field_name(error.field), "variable"));
  tipwire_push_begin(&w, buffer, sizeof buffer, AUTH, "s");
  tipwire_string(&w, "s", "\xff");
  CHECK(tipwire_finish(&w) == TIPWIRE_E_UTF8);
  tipwire_push_begin(&w, buffer, sizeof buffer, AUTH, "s");
  CHECK(tipwire_name(&w, "t") == TIPWIRE_E_MISPLACED);
  tipwire_reply_begin(&w, buffer, sizeof buffer);
  tipwire_answer_text(&w, TIPWIRE_CMD, "reboot");
  CHECK(tipwire_finish_line(&w) == 15 && memcmp(buffer, "ACK|CMD|reboot\n", 15) == 0);
}

static void envelopes_open_with_their_key_only(void) {
  unsigned char envelope[128], key[32];
  tipwire_token token;
  tipwire_sealer sealer;
  tipwire_opener opener;
  tipwire_header header;
  tipwire_text text;
  tipwire_writer w;
  CHECK(tipwire_token_init(&token, "at123", NULL) == TIPWIRE_E_TOKEN);
  CHECK(tipwire_token_init(&token, TOKEN, NULL) == 0);
  for (uint8_t cipher = 0; cipher <= TIPWIRE_CHACHA20_POLY1305; cipher++) {
    size_t size = (size_t)tipwire_key_length(cipher);
    CHECK(tipwire_derive_key(&token, "sensor-01", key, size) == 0);
    CHECK(tipwire_derive_key(&token, "sensor-01", key, 33) == TIPWIRE_E_ARGUMENT);
    CHECK(tipwire_sealer_init(&sealer, 0, cipher, key, size - 1, &token, "s", 0) == TIPWIRE_E_INVALID_KEY);
    CHECK(tipwire_sealer_init(&sealer, 0, cipher, key, size, &token, "sensor-01", 41) == 0);
    CHECK(tipwire_sealer_reserve(&sealer, 10) == 51 && tipwire_sealer_next(&sealer) == 41);
    tipwire_sealed_begin(&w, &sealer, TIPWIRE_PUSH, envelope, sizeof envelope);
    tipwire_integer(&w, "t", 32);
    int32_t length = tipwire_finish_sealed(&w, &sealer);
    CHECK(length > 37 && tipwire_sealer_next(&sealer) == 42);
    CHECK(tipwire_parse_header(0, envelope, (size_t)length, &header) == 0 && header.cipher == cipher);
    CHECK(header.counter == 41 && strcmp(header.auth.text, AUTH) == 0);
    CHECK(tipwire_opener_init(&opener, cipher, key, size, "sensor-01") == 0);
    CHECK(tipwire_open(&opener, 0, envelope, (size_t)length, &header, &text) == 0);
    CHECK(tipwire_equals(text, "sensor-01|[t:=32]"));
    CHECK(tipwire_open(&opener, 0, envelope, (size_t)length, &header, &text) == TIPWIRE_E_AUTH_FAILED);
    CHECK(tipwire_open(&opener, 0, envelope, 3, &header, &text) == TIPWIRE_E_TOO_SHORT);
    CHECK(tipwire_opener_wipe(&opener) == 0 && tipwire_sealer_wipe(&sealer) == 0);
    CHECK(tipwire_sealer_wipe(&sealer) == TIPWIRE_E_UNINITIALIZED);
    tipwire_sealed_begin(&w, &sealer, TIPWIRE_PING, envelope, sizeof envelope);
    CHECK(tipwire_finish_sealed(&w, &sealer) == TIPWIRE_E_UNINITIALIZED);
  }
  CHECK(tipwire_sealer_init_ccm(&sealer, 0, key, 15, &token, "s", 0) == TIPWIRE_E_INVALID_KEY);
  CHECK(tipwire_sealer_init_ccm(&sealer, 0, key, 16, &token, "s", 7) == 0);
  CHECK(tipwire_opener_init_ccm(&opener, key, 32, NULL) == TIPWIRE_E_INVALID_KEY);
  CHECK(tipwire_opener_init_ccm(&opener, key, 16, NULL) == 0);
  tipwire_sealed_begin(&w, &sealer, TIPWIRE_PING, envelope, sizeof envelope);
  CHECK(tipwire_finish_sealed(&w, &sealer) == 21 + 1 + 8);
  CHECK(tipwire_open(&opener, 0, envelope, 30, &header, &text) == 0 && tipwire_equals(text, "s"));
  CHECK(header.cipher == TIPWIRE_AES_128_CCM && header.counter == 7);
  CHECK(tipwire_token_wipe(&token) == 0);
}

static void streams_are_cut_however_they_come(void) {
  const char stream[] = "one\r\ntwo\nmuch too long a line\nthree\n";
  char buffer[16];
  for (size_t size = 1; size < sizeof stream; size++) {
    int lines = 0, errors = 0;
    int32_t found;
    tipwire_splitter splitter;
    tipwire_splitter_settings settings;
    tipwire_text message;
    tipwire_splitter_defaults(&settings);
    settings.max = 8;
    CHECK(tipwire_splitter_capacity("lines", &settings) <= (int32_t)sizeof buffer);
    CHECK(tipwire_splitter_init(&splitter, "lines", &settings, buffer, 2) == TIPWIRE_E_BUFFER);
    CHECK(tipwire_splitter_init(&splitter, "lines", &settings, buffer, sizeof buffer) == 0);
    for (size_t at = 0; at < sizeof stream - 1; at += size) {
      size_t left = sizeof stream - 1 - at;
      tipwire_text chunk = {stream + at, left < size ? left : size};
      while ((found = tipwire_split(&splitter, &chunk, &message)) != 0) {
        errors += found == TIPWIRE_E_TOO_LONG;
        lines += found > 0;
      }
    }
    CHECK(lines == 3 && errors == 1 && tipwire_equals(message, "three"));
    CHECK(tipwire_splitter_pending(&splitter) == 0);
  }
}

#ifdef PROBE
#ifdef __cplusplus
extern "C"
#endif
int32_t tipwire_probe_panic(void);

static void panics_become_a_status(void) { CHECK(tipwire_probe_panic() == TIPWIRE_E_PANIC); }
#endif

/* The parts of one depth, one after the other: nothing is left out. Gives where the last one ends. */
static uint32_t covered(const tipwire_span *spans, int32_t count, uint8_t depth, uint32_t start) {
  for (int32_t n = 0; n < count; n++) {
    CHECK(spans[n].start < spans[n].end && tipwire_part_name(spans[n].part).length > 0);
    if (spans[n].depth == depth) {
      CHECK(spans[n].start == start);
      start = spans[n].end;
    }
  }
  return start;
}

static void every_byte_has_a_name(void) {
  static const char line[] =
      "PUSH|!42|" AUTH "|" SERIAL "|@1694567890000[t:=32.5#C@=1,2;s=on\\|line{source=dht22}]\n";
  static const uint8_t head[] = {
      TIPWIRE_PART_METHOD, TIPWIRE_PART_MARK,   TIPWIRE_PART_SEQ,  TIPWIRE_PART_MARK,
      TIPWIRE_PART_AUTH,   TIPWIRE_PART_MARK,   TIPWIRE_PART_SERIAL, TIPWIRE_PART_MARK,
      TIPWIRE_PART_MARK,   TIPWIRE_PART_TIME,   TIPWIRE_PART_MARK, TIPWIRE_PART_NAME,
      TIPWIRE_PART_OPERATOR, TIPWIRE_PART_NUMBER};
  static const uint8_t envelope[] = {0, 0, 0, 0, 42, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8,
                                     9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8};
  tipwire_span spans[64], few[3];
  tipwire_error error;
  int32_t length = (int32_t)sizeof line - 1;
  int32_t count = tipwire_spans(line, (size_t)length, spans, 64, &error);
  CHECK(count > (int32_t)sizeof head && count < 64 && error.status == 0);
  for (size_t n = 0; n < sizeof head; n++) {
    CHECK(spans[n].part == head[n]);
  }
  CHECK(covered(spans, count, 0, 0) == (uint32_t)length);
  CHECK(tipwire_equals(tipwire_part_name(TIPWIRE_PART_TAG), "tag"));
  CHECK(!tipwire_part_name(TIPWIRE_PART_TAG + 1).data && !tipwire_part_name(255).data);

  /* Where there is too little room the first ones are set, and no others. */
  memset(few, 0x5a, sizeof few);
  CHECK(tipwire_spans(line, (size_t)length, few, 2, NULL) == count);
  CHECK(few[0].part == TIPWIRE_PART_METHOD && few[1].start == 4 && few[2].part == 0x5a);
  CHECK(tipwire_spans(line, (size_t)length, few, 0, NULL) == count && few[0].end == 4);

  /* Every beginning of it is named up to where it is wrong, and so is what has a byte changed. */
  for (int32_t end = 0; end < length; end++) {
    char changed[sizeof line];
    count = tipwire_spans(line, (size_t)end, spans, 64, &error);
    CHECK(count >= 0 && covered(spans, count, 0, 0) <= (uint32_t)end);
    CHECK(error.status == 0 ? end == length - 1 : error.at <= end);
    memcpy(changed, line, sizeof line);
    for (int byte = 1; byte < 256; byte += 6) {
      changed[end] = (char)byte;
      count = tipwire_spans(changed, (size_t)length, spans, 64, &error);
      CHECK(count >= 0 && covered(spans, count < 64 ? count : 64, 0, 0) <= (uint32_t)length);
    }
  }
  count = tipwire_spans("ACK|!7|OK|3", 11, spans, 64, &error);
  CHECK(count == 7 && spans[6].part == TIPWIRE_PART_COUNT && error.status == 0);

  CHECK(tipwire_spans_inner(TIPWIRE_PUSH, SERIAL "|[t:=1]", 16, spans, 64, &error) > 5);
  CHECK(spans[0].part == TIPWIRE_PART_SERIAL && error.status == 0);
  CHECK(tipwire_spans_inner(TIPWIRE_PUSH, SERIAL "|", 10, spans, 64, &error) == 2);
  CHECK(error.status == TIPWIRE_E_BODY && error.at == 10);
  count = tipwire_spans_envelope(TIPWIRE_LAYOUT_CURRENT, envelope, sizeof envelope, spans, 64, &error);
  CHECK(count == 6 && error.status == 0 && spans[5].part == TIPWIRE_PART_TAG);
  CHECK(covered(spans, count, 0, 0) == sizeof envelope);
  CHECK(tipwire_spans_envelope(TIPWIRE_LAYOUT_CURRENT, envelope, 3, spans, 64, &error) == 0);
  CHECK(error.status == TIPWIRE_E_TOO_SHORT);

  CHECK(tipwire_spans(NULL, 3, spans, 64, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_spans(line, (size_t)length, NULL, 64, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_spans(line, (size_t)length, spans, (size_t)-1, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_spans_inner(4, line, 3, spans, 64, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_spans_envelope(9, envelope, sizeof envelope, spans, 64, NULL) == TIPWIRE_E_ARGUMENT);
}

static void one_revision_only_is_read_where_that_is_wanted(void) {
  static const char old[] = "PUSH|" AUTH "|" SERIAL "|^g@7[t:=1]", new_[] = "PUSH|" AUTH "|" SERIAL "|@7^g[t:=1]";
  tipwire_frame frame;
  tipwire_ack ack;
  tipwire_error error;
  for (uint8_t revision = TIPWIRE_REVISION_A; revision <= TIPWIRE_REVISION_D; revision++) {
    int32_t of_old = tipwire_parse_as(revision, old, sizeof old - 1, &frame, &error);
    int32_t of_new = tipwire_parse_as(revision, new_, sizeof new_ - 1, &frame, NULL);
    CHECK((of_old == 0) == (revision == TIPWIRE_REVISION_B));
    CHECK((of_new == 0) == (revision >= TIPWIRE_REVISION_C));
    CHECK(of_old == 0 || (error.status == of_old && error.at > 0));
    CHECK(tipwire_parse_ack_as(revision, "ACK|!7|OK|3", 11, &ack, NULL) == 0 && ack.count == 3);
    CHECK((tipwire_parse_ack_as(revision, "ACK|OK|[t:=1@=1,2]", 18, &ack, NULL) == 0) ==
          (revision == TIPWIRE_REVISION_D));
  }
  CHECK(tipwire_parse_as(4, old, sizeof old - 1, &frame, &error) == TIPWIRE_E_ARGUMENT);
  CHECK(error.status == TIPWIRE_E_ARGUMENT && error.at == -1);
  CHECK(tipwire_parse_ack_as(255, "ACK|OK", 6, &ack, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_parse_as(0, NULL, 3, &frame, NULL) == TIPWIRE_E_ARGUMENT);
}

static void what_is_wrong_is_answered(void) {
  static const struct {
    const char *line, *answer;
  } cases[] = {{"PING|nonsense|s", "ACK|ERR|invalid_token"},
               {"GET|", "ACK|ERR|invalid_method"},
               {"PING|" AUTH "|s|", "ACK|ERR|invalid_payload"}};
  char buffer[64];
  tipwire_frame frame;
  tipwire_writer w;
  for (size_t n = 0; n < 3; n++) {
    int32_t status = tipwire_parse(cases[n].line, strlen(cases[n].line), &frame, NULL);
    tipwire_reply_begin(&w, buffer, sizeof buffer);
    CHECK(status < 0 && tipwire_answer_error(&w, status) == 0);
    int32_t length = tipwire_finish(&w);
    CHECK(length == (int32_t)strlen(cases[n].answer) && !memcmp(buffer, cases[n].answer, (size_t)length));
  }
  /* What happened to an envelope, and has no code, tells nothing. */
  tipwire_reply_begin(&w, buffer, sizeof buffer);
  tipwire_answer_error(&w, TIPWIRE_E_INVALID_KEY);
  CHECK(tipwire_finish(&w) == 19 && memcmp(buffer, "ACK|ERR|auth_failed", 19) == 0);
  tipwire_reply_begin(&w, buffer, sizeof buffer);
  CHECK(tipwire_answer_error(&w, 0) == TIPWIRE_E_ARGUMENT && tipwire_finish(&w) == TIPWIRE_E_ARGUMENT);
}

static void what_is_joined_is_cut_again(void) {
  static const char *const rules[] = {"lines", "delimiter", "length_prefixed", "tagotip"};
  static const char message[] = "ACK|PONG";
  char unit[64], room[20000];
  tipwire_splitter splitter;
  for (size_t n = 0; n < 4; n++) {
    tipwire_splitter_settings settings;
    tipwire_text end = {"\n", 1}, input, found;
    tipwire_splitter_defaults(&settings);
    if (n == 1) {
      settings.delimiters = &end;
      settings.delimiter_count = 1;
    }
    if (n < 3) {
      settings.max = 64;
    }
    int32_t length = tipwire_join(rules[n], &settings, message, 8, unit, sizeof unit);
    CHECK(length == (n == 2 ? 10 : 9));
    CHECK(tipwire_splitter_init(&splitter, rules[n], &settings, room, sizeof room) == 0);
    input.data = unit;
    input.length = (size_t)length;
    CHECK(tipwire_split(&splitter, &input, &found) == 1 && input.length == 0);
    CHECK(tipwire_equals(found, message));
    CHECK(tipwire_join(rules[n], &settings, message, 8, unit, (size_t)length - 1) == TIPWIRE_E_BUFFER);
  }
  CHECK(tipwire_join("lines", NULL, "a\nb", 3, unit, sizeof unit) == TIPWIRE_E_MISPLACED);
  CHECK(tipwire_join("words", NULL, message, 8, unit, sizeof unit) == TIPWIRE_E_INVALID_SETTINGS);
  CHECK(tipwire_join("lines", NULL, NULL, 8, unit, sizeof unit) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_join("lines", NULL, message, 8, NULL, sizeof unit) == TIPWIRE_E_ARGUMENT);
}

int main(void) {
  sizes_are_what_the_macros_say();
  every_status_has_a_name_and_a_sentence();
  failures_leave_outputs_alone();
  null_is_an_error();
  pointers_that_are_not_aligned_are_an_error();
  storage_that_was_never_set_up_is_an_error();
  frames_are_written_and_read_again();
  errors_of_writing_name_the_point_and_the_field();
  envelopes_open_with_their_key_only();
  streams_are_cut_however_they_come();
  every_byte_has_a_name();
  one_revision_only_is_read_where_that_is_wanted();
  what_is_wrong_is_answered();
  what_is_joined_is_cut_again();
#ifdef PROBE
  panics_become_a_status();
#endif
  printf("%d checks passed\n", checks);
  return 0;
}
