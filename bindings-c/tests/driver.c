/* The black box of docs/spec/driver.md over the C API: requests on standard input, one JSON answer a
 * line on standard output. */
#include "tipwire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 16 };

/* A request in its fields, each of which a NUL ends. */
typedef struct {
  char *text[FIELDS];
  size_t length[FIELDS];
  int count;
} request;

/* The answer. */
static char *out;
static size_t written, room;

static void *allocated(void *memory) {
  if (!memory) {
    abort();
  }
  return memory;
}

/* Makes room for so many bytes more, and one. */
static void make_room(size_t length) {
  if (room - written <= length) {
    room = 2 * (written + length + 1);
    out = (char *)allocated(realloc(out, room));
  }
}

static void print(const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) {
    abort();
  }
  make_room((size_t)length);
  vsnprintf(out + written, (size_t)length + 1, format, again);
  va_end(again);
  written += (size_t)length;
}

static void bad_request(void) {
  written = 0;
  print("{\"error\":{\"code\":\"bad_request\"}}");
}

static void code(int32_t status) {
  tipwire_text name = tipwire_status_code(status);
  written = 0;
  print("{\"error\":{\"code\":\"%.*s\"}}", (int)name.length, name.data);
}

static void code_at(const tipwire_error *error) {
  tipwire_text name = tipwire_status_code(error->status);
  written = 0;
  print("{\"error\":{\"code\":\"%.*s\",\"at\":%d}}", (int)name.length, name.data, (int)error->at);
}

/* Text that came out of the library as a JSON string. */
static void quote(const char *text, size_t length) {
  print("\"");
  for (size_t at = 0; at < length; at++) {
    unsigned char byte = (unsigned char)text[at];
    if (byte == '"' || byte == '\\') {
      print("\\%c", byte);
    } else if (byte < 0x20) {
      print("\\u%04x", byte);
    } else {
      print("%c", byte);
    }
  }
  print("\"");
}

static void print_hex(const void *data, size_t length) {
  const unsigned char *bytes = (const unsigned char *)data;
  for (size_t at = 0; at < length; at++) {
    print("%02x", bytes[at]);
  }
}

static int digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Turns hex into bytes in place; 0 if it is none. */
static int from_hex(char *text, size_t *length) {
  if (*length % 2 != 0) {
    return 0;
  }
  for (size_t at = 0; at < *length; at += 2) {
    int high = digit(text[at]), low = digit(text[at + 1]);
    if (high < 0 || low < 0) {
      return 0;
    }
    text[at / 2] = (char)(high << 4 | low);
  }
  *length /= 2;
  return 1;
}

/* A number in plain digits, perhaps with a sign; 0 if it is none. */
static int number(const char *text, long long least, unsigned long long most, long long *value) {
  const char *digits = *text == '-' ? text + 1 : text;
  size_t length = strspn(digits, "0123456789");
  if (length == 0 || digits[length] != 0 || length > 18) {
    return 0;
  }
  *value = strtoll(text, NULL, 10);
  return *value >= least && (*value < 0 || (unsigned long long)*value <= most);
}

static int word(const char *text, const char *const *words, int count) {
  for (int at = 0; at < count; at++) {
    if (strcmp(text, words[at]) == 0) {
      return at;
    }
  }
  return -1;
}

static const char *const METHODS[] = {"PUSH", "PULL", "PING", "ACK"};
static const char *const LAYOUTS[] = {"current", "short"};
static const char *const CONVERTERS[] = {"text", "json", "binary"};

/* The library's own answer, printed behind a key. */
#define PRINT(key, call)                                                                            \
  do {                                                                                              \
    print("%s", key);                                                                               \
    make_room(FORM);                                                                                \
    int32_t length_ = call;                                                                         \
    if (length_ < 0) {                                                                              \
      abort();                                                                                      \
    }                                                                                               \
    written += (size_t)length_;                                                                     \
  } while (0)
#define REST out + written, room - written - 1
/* More than the JSON of a frame takes. */
enum { FORM = 1 << 20 };

static void frame_forms(const tipwire_frame *frame) {
  tipwire_variables variables;
  tipwire_variables_of(frame, &variables);
  PRINT("\"json\":", tipwire_frame_json(frame, REST));
  if (tipwire_count_variables(&variables) > 0) {
    PRINT(",\"points\":", tipwire_points_json(frame, REST));
  }
}

static void ack_forms(const tipwire_ack *ack) {
  tipwire_variables variables;
  tipwire_ack_variables_of(ack, &variables);
  PRINT("\"json\":", tipwire_ack_json(ack, REST));
  if (tipwire_count_variables(&variables) > 0) {
    PRINT(",\"points\":", tipwire_ack_points_json(ack, REST));
  }
}

/* A copy with a NUL, good until the next but three. */
static const char *c_string(tipwire_text text) {
  static char copies[4][20000];
  static int next;
  char *copy = copies[next++ % 4];
  if (tipwire_copy(text, copy, sizeof copies[0]) < 0) {
    abort();
  }
  return copy;
}

static void rebuild_metadata(tipwire_writer *w, const tipwire_metadata *metadata) {
  static char text[20000];
  tipwire_pairs pairs;
  tipwire_pair pair;
  tipwire_pairs_of(metadata, &pairs);
  while (tipwire_next_pair(&pairs, &pair) > 0) {
    tipwire_unescape(pair.text, text, sizeof text);
    tipwire_pair_put(w, c_string(pair.key), text);
  }
}

static void rebuild_variables(tipwire_writer *w, tipwire_variables *variables) {
  static char text[20000];
  tipwire_variable v;
  while (tipwire_next(variables, &v) > 0) {
    const char *name = c_string(v.name);
    switch (v.type) {
    case TIPWIRE_NUMBER:
      tipwire_digits(w, name, c_string(v.value));
      break;
    case TIPWIRE_STRING:
      tipwire_string_n(w, name, text, (size_t)tipwire_unescape(v.value, text, sizeof text));
      break;
    case TIPWIRE_BOOLEAN:
      tipwire_boolean(w, name, v.boolean);
      break;
    default:
      tipwire_position_text(w, name, c_string(v.value));
    }
    if (v.unit.data) {
      tipwire_unit(w, c_string(v.unit));
    }
    if (v.location.data) {
      tipwire_location_text(w, c_string(v.location));
    }
    if (v.has_time) {
      tipwire_time(w, v.time);
    }
    if (v.group.data) {
      tipwire_group(w, c_string(v.group));
    }
    rebuild_metadata(w, &v.metadata);
  }
}

static void finish_canonical(tipwire_writer *w, const char *buffer) {
  int32_t length = tipwire_finish(w);
  if (length < 0) {
    abort();
  }
  print(",\"canonical\":");
  quote(buffer, (size_t)length);
}

static void uplink(const char *line, size_t length) {
  static char buffer[40000];
  tipwire_frame frame;
  tipwire_error error;
  tipwire_writer w;
  if (tipwire_parse(line, length, &frame, &error) < 0) {
    code_at(&error);
    return;
  }
  print("{");
  frame_forms(&frame);
  const char *auth = c_string(frame.auth), *serial = c_string(frame.serial);
  if (frame.method == TIPWIRE_PUSH) {
    tipwire_variables variables;
    tipwire_metadata metadata;
    tipwire_push_begin(&w, buffer, sizeof buffer, auth, serial);
    if (frame.location.data) {
      tipwire_location_text(&w, c_string(frame.location));
    }
    if (frame.has_time) {
      tipwire_time(&w, frame.time);
    }
    if (frame.group.data) {
      tipwire_group(&w, c_string(frame.group));
    }
    tipwire_metadata_of(&frame, &metadata);
    rebuild_metadata(&w, &metadata);
    if (frame.raw.data) {
      tipwire_raw_text(&w, frame.encoding, frame.raw);
    }
    tipwire_variables_of(&frame, &variables);
    rebuild_variables(&w, &variables);
  } else if (frame.method == TIPWIRE_PULL) {
    tipwire_names names;
    tipwire_text name;
    tipwire_pull_begin(&w, buffer, sizeof buffer, auth, serial);
    tipwire_names_of(&frame, &names);
    while (tipwire_next_name(&names, &name) > 0) {
      tipwire_name(&w, c_string(name));
    }
  } else {
    tipwire_ping_begin(&w, buffer, sizeof buffer, auth, serial);
  }
  if (frame.has_seq) {
    tipwire_seq(&w, frame.seq);
  }
  finish_canonical(&w, buffer);
  print("}");
}

static void ack(const char *line, size_t length) {
  static char buffer[40000];
  tipwire_ack ack;
  tipwire_error error;
  tipwire_writer w;
  if (tipwire_parse_ack(line, length, &ack, &error) < 0) {
    code_at(&error);
    return;
  }
  print("{");
  ack_forms(&ack);
  tipwire_reply_begin(&w, buffer, sizeof buffer);
  if (ack.has_seq) {
    tipwire_seq(&w, ack.seq);
  }
  if (ack.detail == TIPWIRE_DETAIL_NONE) {
    tipwire_answer(&w, ack.status);
  } else if (ack.detail == TIPWIRE_DETAIL_COUNT) {
    tipwire_answer_count(&w, ack.count);
  } else if (ack.detail == TIPWIRE_DETAIL_VARIABLES) {
    tipwire_variables variables;
    tipwire_answer_list(&w);
    tipwire_ack_variables_of(&ack, &variables);
    rebuild_variables(&w, &variables);
  } else {
    tipwire_answer_text(&w, ack.status, c_string(ack.text));
  }
  finish_canonical(&w, buffer);
  print("}");
}

static void inner(int method, const char *text, size_t length) {
  tipwire_error error;
  int32_t status;
  tipwire_frame frame;
  tipwire_ack ack;
  if (method == TIPWIRE_ACK) {
    status = tipwire_parse_inner_ack(text, length, &ack, &error);
  } else {
    status = tipwire_parse_inner((uint8_t)method, text, length, &frame, &error);
  }
  if (status < 0) {
    code_at(&error);
    return;
  }
  print("{");
  if (method == TIPWIRE_ACK) {
    ack_forms(&ack);
  } else {
    frame_forms(&frame);
  }
  print("}");
}

static void open_envelope(int layout, const char *key, size_t key_length, char *envelope,
                          size_t length) {
  tipwire_header header;
  tipwire_opener opener;
  tipwire_text text;
  int32_t status = tipwire_parse_header((uint8_t)layout, envelope, length, &header);
  if (status == 0) {
    status = tipwire_opener_init(&opener, header.cipher, key, key_length, NULL);
  }
  if (status == 0) {
    status = tipwire_open(&opener, (uint8_t)layout, envelope, length, &header, &text);
    tipwire_opener_wipe(&opener);
  }
  if (status < 0) {
    code(status);
    return;
  }
  tipwire_text cipher = tipwire_cipher_name(header.cipher);
  print("{\"cipher\":\"%.*s\",\"method\":\"%s\",\"counter\":%lu,", (int)cipher.length, cipher.data,
        METHODS[header.method], (unsigned long)header.counter);
  print("\"auth\":\"%s\",\"device\":\"%s\",\"inner\":", header.auth.text, header.device.text);
  quote(text.data, text.length);
  print("}");
}

static int cipher_of(const char *name) {
  for (int cipher = 0; tipwire_key_length((uint8_t)cipher) > 0; cipher++) {
    if (tipwire_equals(tipwire_cipher_name((uint8_t)cipher), name)) {
      return cipher;
    }
  }
  return -1;
}

/* seal layout cipher method token serial key counter inner */
static void seal(request *r) {
  static char envelope[40000];
  tipwire_token token;
  tipwire_sealer sealer;
  tipwire_error error;
  long long counter;
  int layout = word(r->text[1], LAYOUTS, 2), cipher = cipher_of(r->text[2]);
  int method = word(r->text[3], METHODS, 4);
  if (layout < 0 || cipher < 0 || method < 0 || !from_hex(r->text[6], &r->length[6]) ||
      !number(r->text[7], 0, UINT32_MAX, &counter) || !from_hex(r->text[8], &r->length[8])) {
    bad_request();
    return;
  }
  int32_t status = 0;
  if ((size_t)tipwire_key_length((uint8_t)cipher) != r->length[6]) {
    status = TIPWIRE_E_INVALID_KEY;
  }
  if (status == 0) {
    status = tipwire_token_init(&token, r->text[4], &error);
  }
  if (status == 0) {
    status = tipwire_sealer_init(&sealer, (uint8_t)layout, (uint8_t)cipher, r->text[6], r->length[6],
                                 &token, r->text[5], (uint64_t)counter);
    tipwire_token_wipe(&token);
  }
  if (status == 0) {
    status = tipwire_seal(&sealer, (uint8_t)method, r->text[8], r->length[8], envelope,
                          sizeof envelope);
    tipwire_sealer_wipe(&sealer);
  }
  if (status < 0) {
    code(status);
    return;
  }
  print("{\"envelope\":\"");
  print_hex(envelope, (size_t)status);
  print("\"}");
}

static void derive(request *r) {
  unsigned char key[32];
  tipwire_token token;
  tipwire_hash current, first, device;
  long long length;
  if (!number(r->text[3], 0, 32, &length)) {
    bad_request();
    return;
  }
  int32_t status = tipwire_token_init(&token, r->text[1], NULL);
  if (status < 0) {
    code(status);
    return;
  }
  tipwire_token_hash(&token, &current);
  tipwire_token_first_hash(&token, &first);
  tipwire_device_hash(r->text[2], &device);
  tipwire_derive_key(&token, r->text[2], key, (size_t)length);
  tipwire_token_wipe(&token);
  print("{\"auth\":\"%s\",\"auth_a\":\"%s\",\"device\":\"%s\",\"key\":\"", current.text, first.text,
        device.text);
  print_hex(key, (size_t)length);
  print("\"}");
}

static void points(request *r) {
  static char frame[40000];
  tipwire_writer w;
  tipwire_error error;
  tipwire_push_begin(&w, frame, sizeof frame, r->text[1], r->text[2]);
  tipwire_put_json(&w, r->text[3], r->length[3]);
  int32_t length = tipwire_finish(&w);
  if (length >= 0) {
    print("{\"frame\":");
    quote(frame, (size_t)length);
    print("}");
    return;
  }
  tipwire_writer_error(&w, &error);
  if (error.status == TIPWIRE_E_UTF8) {
    print("{\"error\":{\"code\":\"invalid_payload\"}}");
    return;
  }
  tipwire_text name = tipwire_status_code(error.status);
  print("{\"error\":{\"code\":\"%.*s\"", (int)name.length, name.data);
  if (error.point >= 0) {
    print(",\"point\":%d", (int)error.point);
  }
  if (error.field >= 0) {
    tipwire_text field = tipwire_field_name(error.field);
    print(",\"field\":\"%.*s\"", (int)field.length, field.data);
  }
  print("}}");
}

static const char *const RULES[] = {"lines", "delimiter", "length_field", "length_prefixed",
                                    "json",  "packets",   "tagotip"};

/* The next part of a list; the separator becomes a NUL. */
static char *part(char **rest, char separator) {
  char *start = *rest, *end = start ? strchr(start, separator) : NULL;
  *rest = end ? end + 1 : NULL;
  if (end) {
    *end = 0;
  }
  return start;
}

/* One setting; 0 if it is none. */
static int setting(char *key, tipwire_splitter_settings *settings) {
  static tipwire_text delimiters[TIPWIRE_MAX_DELIMITERS];
  char *value = strchr(key, '=');
  long long amount;
  if (!value) {
    return 0;
  }
  *value++ = 0;
  if (strcmp(key, "delimiters") == 0) {
    settings->delimiters = delimiters;
    settings->delimiter_count = 0;
    for (char *delimiter; (delimiter = part(&value, ',')) != NULL;) {
      size_t length = strlen(delimiter);
      if (settings->delimiter_count == TIPWIRE_MAX_DELIMITERS || !from_hex(delimiter, &length)) {
        return 0;
      }
      delimiters[settings->delimiter_count].data = delimiter;
      delimiters[settings->delimiter_count++].length = length;
    }
    return 1;
  }
  if (strcmp(key, "strip") == 0 && (!strcmp(value, "true") || !strcmp(value, "false"))) {
    settings->strip = value[0] == 't';
    return 1;
  }
  if (strcmp(key, "order") == 0) {
    settings->order = !strcmp(value, "little");
    return !strcmp(value, "little") || !strcmp(value, "big");
  }
  if (strcmp(key, "adjustment") == 0) {
    return number(value, INT32_MIN, INT32_MAX, &amount) && (settings->adjustment = amount, 1);
  }
  if (!number(value, 0, INT32_MAX, &amount)) {
    return 0;
  }
  const char *const keys[] = {"max", "strip", "offset", "length"};
  int64_t *const places[] = {&settings->max, &settings->strip, &settings->offset, &settings->length};
  int at = word(key, keys, 4);
  return at >= 0 && (*places[at] = amount, 1);
}

static void split(request *r) {
  tipwire_splitter splitter;
  tipwire_splitter_settings settings;
  tipwire_text message, input;
  char *rest = r->length[2] > 0 ? r->text[2] : NULL;
  tipwire_splitter_defaults(&settings);
  if (word(r->text[1], RULES, 7) < 0) {
    bad_request();
    return;
  }
  for (char *key; (key = part(&rest, ';')) != NULL;) {
    /* One ; may end the list. */
    if ((*key || rest) && !setting(key, &settings)) {
      bad_request();
      return;
    }
  }
  rest = r->text[3];
  for (char *chunk, *left = rest; (chunk = part(&left, ',')) != NULL;) {
    size_t length = strlen(chunk), digits = strspn(chunk, "0123456789abcdef");
    if (digits != length || length % 2 != 0) {
      bad_request();
      return;
    }
    if (left) {
      left[-1] = ',';
    }
  }
  int32_t status = tipwire_splitter_capacity(r->text[1], &settings);
  size_t capacity = status < 0 ? 0 : (size_t)status;
  char *buffer = (char *)allocated(calloc(capacity + 1, 1));
  if (status >= 0) {
    status = tipwire_splitter_init(&splitter, r->text[1], &settings, buffer, capacity);
  }
  if (status < 0) {
    free(buffer);
    code(status);
    return;
  }
  const char *comma = "";
  print("{\"events\":[");
  for (char *chunk; (chunk = part(&rest, ',')) != NULL;) {
    size_t length = strlen(chunk);
    from_hex(chunk, &length);
    input.data = chunk;
    input.length = length;
    while ((status = tipwire_split(&splitter, &input, &message)) != 0) {
      if (status > 0) {
        print("%s{\"message\":\"", comma);
        print_hex(message.data, message.length);
        print("\"}");
      } else {
        tipwire_text name = tipwire_status_name(status);
        print("%s{\"error\":\"%.*s\"}", comma, (int)name.length, name.data);
      }
      comma = ",";
    }
  }
  print("],\"pending\":%d}", (int)tipwire_splitter_pending(&splitter));
  free(buffer);
}

static void packet(const char *bytes, size_t length) {
  tipwire_packet packet;
  int32_t status = tipwire_parse_packet(bytes, length, &packet, NULL);
  if (status < 0) {
    code(status);
    return;
  }
  print("{\"type\":%d,\"command\":%d,\"payload\":\"", packet.type, packet.command);
  print_hex(packet.payload.data, packet.payload.length);
  print("\"}");
}

/* What a converter makes of a message, in as much memory as it takes. */
static int32_t convert(const tipwire_converter *converter, tipwire_text message,
                       tipwire_convert_error *error) {
  int32_t status = TIPWIRE_E_BUFFER;
  for (size_t length = FORM; status == TIPWIRE_E_BUFFER; length *= 2) {
    make_room(length);
    status = tipwire_convert(converter, message.data, message.length, out, room - 1, error);
  }
  return status;
}

static void thingsboard(const char *name, tipwire_text settings, tipwire_text message) {
  tipwire_converter converter;
  tipwire_convert_error error;
  if (word(name, CONVERTERS, 3) < 0) {
    bad_request();
    return;
  }
  if (memchr(settings.data, 0, settings.length)) {
    code(TIPWIRE_E_INVALID_SETTINGS);
    return;
  }
  /* A field is a pair of braces at least. */
  size_t count = settings.length / 2 + 1;
  tipwire_converter_field *fields =
      (tipwire_converter_field *)allocated(calloc(count, sizeof *fields));
  char *texts = (char *)allocated(malloc(settings.length + 1));
  int32_t status = tipwire_converter_init(&converter, name, settings.data, fields, count, texts,
                                          settings.length);
  if (status < 0) {
    code(TIPWIRE_E_INVALID_SETTINGS);
  } else if ((status = convert(&converter, message, &error)) >= 0) {
    written = (size_t)status;
  } else {
    print("{\"error\":{\"code\":\"invalid_payload\",\"field\":");
    quote(error.field.data, error.field.length);
    print(",\"at\":%d}}", (int)error.at);
  }
  free(fields);
  free(texts);
}

static void answer(request *r) {
  const char *verb = r->text[0];
  int last = r->count - 1;
  if (strcmp(verb, "uplink") == 0 && r->count == 2 && from_hex(r->text[1], &r->length[1])) {
    uplink(r->text[1], r->length[1]);
  } else if (strcmp(verb, "ack") == 0 && r->count == 2 && from_hex(r->text[1], &r->length[1])) {
    ack(r->text[1], r->length[1]);
  } else if (strcmp(verb, "inner") == 0 && r->count == 3 && word(r->text[1], METHODS, 4) >= 0 &&
             from_hex(r->text[2], &r->length[2])) {
    inner(word(r->text[1], METHODS, 4), r->text[2], r->length[2]);
  } else if (strcmp(verb, "open") == 0 && r->count == 4 && word(r->text[1], LAYOUTS, 2) >= 0 &&
             from_hex(r->text[2], &r->length[2]) && from_hex(r->text[3], &r->length[3])) {
    open_envelope(word(r->text[1], LAYOUTS, 2), r->text[2], r->length[2], r->text[3], r->length[3]);
  } else if (strcmp(verb, "seal") == 0 && r->count == 9) {
    seal(r);
  } else if (strcmp(verb, "derive") == 0 && r->count == 4) {
    derive(r);
  } else if (strcmp(verb, "split") == 0 && r->count == 4) {
    split(r);
  } else if (strcmp(verb, "points") == 0 && r->count == 4 &&
             from_hex(r->text[last], &r->length[last])) {
    points(r);
  } else if (strcmp(verb, "packet") == 0 && r->count == 2 && from_hex(r->text[1], &r->length[1])) {
    packet(r->text[1], r->length[1]);
  } else if (strcmp(verb, "thingsboard") == 0 && r->count == 4 &&
             from_hex(r->text[2], &r->length[2]) && from_hex(r->text[3], &r->length[3])) {
    r->text[2][r->length[2]] = 0;
    tipwire_text settings = {r->text[2], r->length[2]}, message = {r->text[3], r->length[3]};
    thingsboard(r->text[1], settings, message);
  } else {
    bad_request();
  }
}

int main(void) {
  size_t length = 0, most = 1 << 16;
  char *line = (char *)allocated(malloc(most));
  for (int c; (c = getchar()) != EOF;) {
    if (c != '\n') {
      if (length + 1 == most) {
        most *= 2;
        line = (char *)allocated(realloc(line, most));
      }
      line[length++] = (char)c;
      continue;
    }
    request r = {{line}, {0}, 1};
    for (size_t at = 0; at < length; at++) {
      if (line[at] == '\t' && r.count < FIELDS) {
        line[at] = 0;
        r.text[r.count++] = line + at + 1;
      }
    }
    line[length] = 0;
    for (int field = 0; field < r.count; field++) {
      const char *end = field + 1 < r.count ? r.text[field + 1] - 1 : line + length;
      r.length[field] = (size_t)(end - r.text[field]);
    }
    written = 0;
    answer(&r);
    out[written] = '\n';
    fwrite(out, 1, written + 1, stdout);
    fflush(stdout);
    length = 0;
  }
  free(line);
  free(out);
  return 0;
}
