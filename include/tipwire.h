/* tipwire: a codec for device telemetry over TCP and its relatives.
 *
 * This file is made by `cargo xtask gen` from bindings-c/src/. It is C99, and C++11; tipwire.hpp is
 * a layer of C++ on top of it.
 *
 * The rules, once for all functions:
 *
 * - Nothing is allocated, there are no globals, and nothing is kept but what is said. All memory is
 *   the caller's; functions may be called from any thread, for one object from one at a time.
 * - A function that can fail returns an int32_t: less than zero is a status (TIPWIRE_E_...), which is
 *   what went wrong. Then outputs are untouched, but for the bytes of a buffer that was to be
 *   written to.
 * - No pointer may be NULL where its function does not say so: that is TIPWIRE_E_ARGUMENT, as is a
 *   pointer that is not aligned for its type. A pointer that is neither must point to what it says.
 * - What is read are slices of the bytes that the caller gave: they must stay where and as they are
 *   as long as the slices are used.
 * - There are no enums: numbers have the sizes that stand here, with every compiler.
 * - const char * is text that a NUL ends. Text is UTF-8; what is not is TIPWIRE_E_UTF8.
 */
#ifndef TIPWIRE_H
#define TIPWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if UINTPTR_MAX > 0xffffffff
#define TIPWIRE_64
#elif UINTPTR_MAX > 0xffff
#define TIPWIRE_32
#else
#define TIPWIRE_16
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Text -------------------------------------------------------------------------------------------
 *
 * Everything that is read is a slice of the caller's own bytes, and is only good as long as these
 * stay where and as they are.
 */

/* A number as unscaled / 10^scale. */
typedef struct tipwire_decimal {
  int64_t unscaled;
  uint32_t scale;
} tipwire_decimal;

/* UTF-8 text of so many bytes, without a NUL at its end. data is NULL where there is none at all.
 * printf("%.*s", (int)text.length, text.data) shows it. */
typedef struct tipwire_text {
  const char *data;
  size_t length;
} tipwire_text;

/* Whether two texts are the same: one that was read, and one that a NUL ends. An absent text equals
 * none. */
bool tipwire_equals(tipwire_text text, const char *other);

/* Copies a text as it stands and puts a NUL after it. Returns its length, or TIPWIRE_E_BUFFER. */
int32_t tipwire_copy(tipwire_text text, char *out, size_t capacity);

/* Copies the text of a string value or of metadata, escapes resolved, and puts a NUL after it. It is
 * never longer than the text as it stands. Returns its length, or TIPWIRE_E_BUFFER. */
int32_t tipwire_unescape(tipwire_text text, char *out, size_t capacity);

/* Copies a string of JSON, as it stands between its quotes, escapes resolved, and puts a NUL after it.
 * Half of a surrogate pair is TIPWIRE_E_TEXT. Returns its length, or TIPWIRE_E_BUFFER. */
int32_t tipwire_unescape_json(tipwire_text text,
                              char *out,
                              size_t capacity);

/* The nearest double of a number; an infinity for what is beyond the greatest. */
int32_t tipwire_to_double(tipwire_text text, double *out);

/* A number as an integer, if it is written without a point and fits; else TIPWIRE_E_NUMBER. */
int32_t tipwire_to_integer(tipwire_text text, int64_t *out);

/* The exact value of a number, if its digits fit in 64 bits; else TIPWIRE_E_NUMBER. */
int32_t tipwire_to_decimal(tipwire_text text, tipwire_decimal *out);

/* The coordinates of a location as exact text, for tipwire_to_double(). alt, which may be NULL, is
 * absent where the location has none. */
int32_t tipwire_coordinates(tipwire_text location,
                            tipwire_text *lat,
                            tipwire_text *lng,
                            tipwire_text *alt);

/* Errors -----------------------------------------------------------------------------------------
 *
 * Every function that can fail returns an int32_t: zero or more is success (a length, a count, or
 * just 0), less than zero is one of the numbers below, which never change.
 */

#define TIPWIRE_E_TOO_LARGE              (-1) /* a frame has at most 16384 bytes */
#define TIPWIRE_E_NUL                    (-2) /* a frame has no NUL bytes */
#define TIPWIRE_E_UTF8                   (-3) /* expected UTF-8 */
#define TIPWIRE_E_METHOD                 (-4) /* expected PUSH, PULL or PING, and | */
#define TIPWIRE_E_ANSWER                 (-5) /* expected ACK and | */
#define TIPWIRE_E_SEQ                    (-6) /* expected a digit after ! */
#define TIPWIRE_E_SEQ_RANGE              (-7) /* a sequence counter has at most 32 bits and no leading zeros */
#define TIPWIRE_E_SEQ_END                (-8) /* expected | after the sequence counter */
#define TIPWIRE_E_AUTH                   (-9) /* expected 16 hex digits, or at and 32 hex digits */
#define TIPWIRE_E_AUTH_END               (-10) /* expected | after the authorization */
#define TIPWIRE_E_SERIAL                 (-11) /* expected a serial of letters, digits, - and _ */
#define TIPWIRE_E_SERIAL_LENGTH          (-12) /* a serial has at most 100 bytes */
#define TIPWIRE_E_SERIAL_END             (-13) /* expected | after the serial */
#define TIPWIRE_E_TRAILING               (-14) /* expected the end of the frame */
#define TIPWIRE_E_STATUS                 (-15) /* expected OK, PONG, CMD or ERR */
#define TIPWIRE_E_DETAIL                 (-16) /* expected text without control characters and without a bare | */
#define TIPWIRE_E_COUNT                  (-17) /* a count has at most 64 bits */
#define TIPWIRE_E_BODY                   (-18) /* expected a block in [ ], a modifier (@ ^ {), >x or >b */
#define TIPWIRE_E_MODIFIER               (-19) /* expected [ or the next modifier in its order */
#define TIPWIRE_E_RAW                    (-20) /* expected x or b after > */
#define TIPWIRE_E_HEX                    (-21) /* expected a hex digit */
#define TIPWIRE_E_BASE64                 (-22) /* expected a base64 digit */
#define TIPWIRE_E_LIST                   (-23) /* expected a list of names in [ ] */
#define TIPWIRE_E_LIST_END               (-24) /* expected ; or ] after the name */
#define TIPWIRE_E_NAME                   (-25) /* expected a name of lower-case letters, digits and _ */
#define TIPWIRE_E_NAME_LENGTH            (-26) /* a name has at most 100 bytes */
#define TIPWIRE_E_OPERATOR               (-27) /* expected :=, =, ?= or @= after the name */
#define TIPWIRE_E_NUMBER                 (-28) /* expected a number in plain digits */
#define TIPWIRE_E_LEADING_ZERO           (-29) /* a number has no leading zeros */
#define TIPWIRE_E_BOOLEAN                (-30) /* expected true or false */
#define TIPWIRE_E_TEXT                   (-31) /* expected text */
#define TIPWIRE_E_ESCAPE                 (-32) /* expected one of | [ ] ; , { } # @ ^ \ n after a backslash */
#define TIPWIRE_E_LOCATION               (-33) /* expected lat,lng or lat,lng,alt */
#define TIPWIRE_E_SUFFIX                 (-34) /* expected ; ] or the next suffix in its order */
#define TIPWIRE_E_TOO_MANY_VARIABLES     (-35) /* a frame has at most 100 variables */
#define TIPWIRE_E_UNIT                   (-36) /* expected a unit */
#define TIPWIRE_E_UNIT_LENGTH            (-37) /* a unit has at most 25 bytes */
#define TIPWIRE_E_TIME                   (-38) /* expected a time in milliseconds */
#define TIPWIRE_E_TIME_RANGE             (-39) /* a time has at most 64 bits */
#define TIPWIRE_E_GROUP                  (-40) /* expected a group of lower-case letters, digits and _ */
#define TIPWIRE_E_GROUP_LENGTH           (-41) /* a group has at most 100 bytes */
#define TIPWIRE_E_KEY                    (-42) /* expected a metadata key of lower-case letters, digits and _ */
#define TIPWIRE_E_KEY_LENGTH             (-43) /* a metadata key has at most 100 bytes */
#define TIPWIRE_E_PAIR                   (-44) /* expected = after the metadata key */
#define TIPWIRE_E_METADATA               (-45) /* expected metadata text, then , or } */
#define TIPWIRE_E_TOO_MANY_PAIRS         (-46) /* a metadata block has at most 32 pairs */
#define TIPWIRE_E_BUFFER                 (-50) /* the buffer is too small */
#define TIPWIRE_E_NOT_FINITE             (-51) /* NaN and infinities are no numbers of a frame */
#define TIPWIRE_E_DIGITS                 (-52) /* a floating-point number is written with at most 64 digits */
#define TIPWIRE_E_REPEATED               (-53) /* this was given already */
#define TIPWIRE_E_MISPLACED              (-54) /* this cannot stand here */
#define TIPWIRE_E_REVISION               (-55) /* only revision D has locations on blocks and other variables */
#define TIPWIRE_E_EMPTY                  (-56) /* at least one is needed */
#define TIPWIRE_E_MISSING                (-57) /* this is required */
#define TIPWIRE_E_TYPE                   (-58) /* a value of another type is needed here */
#define TIPWIRE_E_JSON                   (-59) /* expected JSON */
#define TIPWIRE_E_TOKEN                  (-60) /* expected at and 32 hex digits */
#define TIPWIRE_E_TOO_SHORT              (-61) /* the message ends before it is complete */
#define TIPWIRE_E_PLAINTEXT              (-62) /* this is an answer in plaintext, not an envelope */
#define TIPWIRE_E_UNSUPPORTED_VERSION    (-63) /* only version 0 of envelopes is known */
#define TIPWIRE_E_UNSUPPORTED_CIPHER     (-64) /* the cipher is unknown, or was not built in */
#define TIPWIRE_E_ENVELOPE_METHOD        (-65) /* expected a PUSH, PULL, PING or ACK inside */
#define TIPWIRE_E_INVALID_KEY            (-66) /* a key has 16 or 32 bytes, as its cipher wants */
#define TIPWIRE_E_ENVELOPE_TOO_LARGE     (-67) /* an envelope holds at most 16384 bytes */
#define TIPWIRE_E_AUTH_FAILED            (-68) /* the envelope does not open */
#define TIPWIRE_E_COUNTER_EXHAUSTED      (-69) /* the last counter under this key is used up */
#define TIPWIRE_E_COUNTER_UNRESERVED     (-70) /* the last reserved counter is used up */
#define TIPWIRE_E_FORBIDDEN_FLAGS        (-71) /* aes-256-ccm cannot carry a PULL */
#define TIPWIRE_E_OTHER_SERIAL           (-72) /* expected the serial that the key belongs to */
#define TIPWIRE_E_TOO_LONG               (-80) /* the message is above the maximum */
#define TIPWIRE_E_CORRUPT                (-81) /* no message can begin here */
#define TIPWIRE_E_INVALID_SETTINGS       (-82) /* these settings can never work */
#define TIPWIRE_E_TRAILING_BYTES         (-83) /* expected the end of the message */
#define TIPWIRE_E_FULL                   (-90) /* no more fits before something is sent or answered */
#define TIPWIRE_E_CLOSED                 (-91) /* the connection is over */
#define TIPWIRE_E_TURN                   (-92) /* requests are answered in the order they came, each once */
#define TIPWIRE_E_PATH                   (-100) /* expected the path /v1/tip/ and a serial */
#define TIPWIRE_E_TOPIC                  (-101) /* expected a topic of the platform */

/* A pointer is NULL or not aligned, a length is one that no memory has, or a number is none of
 * those that the header gives. */
#define TIPWIRE_E_ARGUMENT (-256)

/* The storage was never set up: the function that does it was not called, or it failed. */
#define TIPWIRE_E_UNINITIALIZED (-257)

/* A bug in this library, which did no harm. Firmware never returns this: see tipwire_panicked(). */
#define TIPWIRE_E_PANIC (-258)

/* What is wrong, and where.
 *
 * status  one of the numbers above.
 * at      reading: the first byte at which no valid input can go on. -1 where no byte is to blame.
 * point   writing: the data point, counted from 0. -1 where it is none.
 * field   writing: the field, for tipwire_field_name(). -1 where it is none. */
typedef struct tipwire_error {
  int32_t status;
  int32_t at;
  int32_t point;
  int32_t field;
} tipwire_error;

/* The short name of a status, such as "leading_zero". Absent for numbers that are no status. */
tipwire_text tipwire_status_name(int32_t status);

/* A status as a sentence, such as "a number has no leading zeros". */
tipwire_text tipwire_status_sentence(int32_t status);

/* The code that a server answers with, such as "invalid_payload"; where the protocol has none, the
 * same as tipwire_status_name(). */
tipwire_text tipwire_status_code(int32_t status);

/* The name of a field, as JSON has it. */
tipwire_text tipwire_field_name(int32_t field);

/* Writes a sentence that also says what was found at the byte in question: an error of reading, and
 * what was read. Nothing of a secret is shown. Returns its length, or a status. */
int32_t tipwire_explain(const tipwire_error *error,
                        const void *input,
                        size_t length,
                        void *out,
                        size_t capacity);

/* Frames and answers -----------------------------------------------------------------------------
 *
 * A line is checked completely once; then nothing in it can be wrong any more, and it is walked by
 * iterators: see the next section.
 */

/* Methods. */
#define TIPWIRE_PUSH 0
#define TIPWIRE_PULL 1
#define TIPWIRE_PING 2
#define TIPWIRE_ACK 3

/* How passthrough data is written. */
#define TIPWIRE_HEX 1
#define TIPWIRE_BASE64 2

/* Statuses of answers. */
#define TIPWIRE_OK 0
#define TIPWIRE_PONG 1
#define TIPWIRE_CMD 2
#define TIPWIRE_ERR 3

/* What follows the status of an answer: nothing, how many data points were stored, variables, a
 * command, the code of an error, or another text. */
#define TIPWIRE_DETAIL_NONE 0
#define TIPWIRE_DETAIL_COUNT 1
#define TIPWIRE_DETAIL_VARIABLES 2
#define TIPWIRE_DETAIL_COMMAND 3
#define TIPWIRE_DETAIL_ERROR 4
#define TIPWIRE_DETAIL_TEXT 5

#if defined(TIPWIRE_64)
#define TIPWIRE_FRAME_WORDS 18
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_FRAME_WORDS 10
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_FRAME_WORDS 5
#endif

/* What a device sends: at most 256 bytes.
 *
 * inside    for the functions below.
 * method    TIPWIRE_PUSH, TIPWIRE_PULL or TIPWIRE_PING.
 * has_seq   whether there is a sequence counter, seq.
 * auth      16 hex digits, or a token. Absent in the inner frame of an envelope.
 * encoding  passthrough data: TIPWIRE_HEX or TIPWIRE_BASE64, and raw is the data. Else 0.
 * location, time (if has_time), group: what holds for all variables that do not say otherwise.
 *           tipwire_next_point() applies them. */
typedef struct tipwire_frame {
  uint64_t inside[TIPWIRE_FRAME_WORDS];
  uint8_t method;
  uint8_t has_seq;
  uint8_t has_time;
  uint8_t encoding;
  uint32_t seq;
  uint64_t time;
  tipwire_text auth;
  tipwire_text serial;
  tipwire_text location;
  tipwire_text group;
  tipwire_text raw;
} tipwire_frame;

/* What a server answers.
 *
 * inside   for the functions below.
 * status   TIPWIRE_OK, TIPWIRE_PONG, TIPWIRE_CMD or TIPWIRE_ERR.
 * detail   TIPWIRE_DETAIL_…: count has the number of data points, text the rest as it stands.
 * has_seq  whether there is a sequence counter, seq. */
typedef struct tipwire_ack {
  uint64_t inside[TIPWIRE_FRAME_WORDS];
  uint8_t status;
  uint8_t detail;
  uint8_t has_seq;
  uint32_t seq;
  uint64_t count;
  tipwire_text text;
} tipwire_ack;

/* Reads an uplink of any revision, with or without a line ending. The bytes stay the caller's, and
 * the frame points into them. error may be NULL; where there is one, it is only set on failure.
 * Returns 0, or what is wrong. */
int32_t tipwire_parse(const void *line,
                      size_t length,
                      tipwire_frame *frame,
                      tipwire_error *error);

/* Reads an answer of any revision; otherwise as tipwire_parse(). */
int32_t tipwire_parse_ack(const void *line,
                          size_t length,
                          tipwire_ack *ack,
                          tipwire_error *error);

/* Reads an uplink of one revision only: TIPWIRE_REVISION_A to TIPWIRE_REVISION_D. Otherwise as
 * tipwire_parse(). */
int32_t tipwire_parse_as(uint8_t revision,
                         const void *line,
                         size_t length,
                         tipwire_frame *frame,
                         tipwire_error *error);

/* Reads an answer of one revision only; otherwise as tipwire_parse_as(). */
int32_t tipwire_parse_ack_as(uint8_t revision,
                             const void *line,
                             size_t length,
                             tipwire_ack *ack,
                             tipwire_error *error);

/* Reads the inner frame of an envelope: TIPWIRE_PUSH, TIPWIRE_PULL or TIPWIRE_PING without method,
 * counter and authorization. Answers are for tipwire_parse_inner_ack(). */
int32_t tipwire_parse_inner(uint8_t method,
                            const void *text,
                            size_t length,
                            tipwire_frame *frame,
                            tipwire_error *error);

/* Reads the answer inside an envelope: STATUS, or STATUS|DETAIL. */
int32_t tipwire_parse_inner_ack(const void *text,
                                size_t length,
                                tipwire_ack *ack,
                                tipwire_error *error);

/* Writes the bytes that passthrough data stands for. Returns how many, or a status. */
int32_t tipwire_decode_raw(const tipwire_frame *frame, void *out, size_t capacity);

/* Writes a frame as JSON, without a NUL. Returns its length, or a status. */
int32_t tipwire_frame_json(const tipwire_frame *frame, void *out, size_t capacity);

/* Writes the data points of a frame as a JSON list, without a NUL. Returns its length, or a status. */
int32_t tipwire_points_json(const tipwire_frame *frame, void *out, size_t capacity);

/* Writes an answer as JSON, without a NUL. Returns its length, or a status. */
int32_t tipwire_ack_json(const tipwire_ack *ack, void *out, size_t capacity);

/* As tipwire_points_json(), for the variables of an answer. */
int32_t tipwire_ack_points_json(const tipwire_ack *ack, void *out, size_t capacity);

/* Variables, data points, names and metadata -----------------------------------------------------
 *
 * An iterator is set to what it goes over by a function …_of(), and gone on with by tipwire_next…():
 * 1 for another one, 0 for the end, less than 0 for a wrong argument. Iterators may be copied, to go
 * over something twice, and need not be used up.
 *
 *     tipwire_variables variables;
 *     tipwire_variable variable;
 *     tipwire_variables_of(&frame, &variables);
 *     while (tipwire_next(&variables, &variable) > 0) {
 *         printf("%.*s\n", (int)variable.name.length, variable.name.data);
 *     }
 */

/* Types of values. */
#define TIPWIRE_NUMBER 0
#define TIPWIRE_STRING 1
#define TIPWIRE_BOOLEAN 2
#define TIPWIRE_LOCATION 3

#if defined(TIPWIRE_64)
#define TIPWIRE_VARIABLES_WORDS 3
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_VARIABLES_WORDS 2
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_VARIABLES_WORDS 1
#endif

#if defined(TIPWIRE_64)
#define TIPWIRE_POINTS_WORDS 12
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_POINTS_WORDS 7
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_POINTS_WORDS 4
#endif

#if defined(TIPWIRE_64)
#define TIPWIRE_METADATA_WORDS 6
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_METADATA_WORDS 2
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_METADATA_WORDS 1
#endif

#if defined(TIPWIRE_64)
#define TIPWIRE_PAIRS_WORDS 11
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_PAIRS_WORDS 5
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_PAIRS_WORDS 3
#endif

/* What is left of some variables. */
typedef struct tipwire_variables {
  uint64_t inside[TIPWIRE_VARIABLES_WORDS];
} tipwire_variables;

/* What is left of some data points. */
typedef struct tipwire_points {
  uint64_t inside[TIPWIRE_POINTS_WORDS];
} tipwire_points;

/* Some pairs of a key and a text, for tipwire_pairs_of(). */
typedef struct tipwire_metadata {
  uint64_t inside[TIPWIRE_METADATA_WORDS];
} tipwire_metadata;

/* What is left of the names of a PULL. */
typedef struct tipwire_names {
  uint64_t inside[TIPWIRE_VARIABLES_WORDS];
} tipwire_names;

/* A variable as it stands in the frame; or a data point, which is a variable with the defaults of
 * its block applied. What is absent has data == NULL.
 *
 * source    for tipwire_put().
 * metadata  for tipwire_pairs_of().
 * type      TIPWIRE_NUMBER, TIPWIRE_STRING, TIPWIRE_BOOLEAN or TIPWIRE_LOCATION.
 * boolean   the value of a TIPWIRE_BOOLEAN: 0 or 1.
 * value     the value as it stands in the frame: for tipwire_to_double() or tipwire_to_integer() of
 *           a number, tipwire_unescape() of a string, tipwire_coordinates() of a location.
 * time      in UNIX milliseconds, if has_time.
 * location  of a data point whose value is a location, that. */
typedef struct tipwire_variable {
  tipwire_variables source;
  tipwire_metadata metadata;
  tipwire_text name;
  tipwire_text value;
  tipwire_text unit;
  tipwire_text location;
  tipwire_text group;
  uint64_t time;
  uint8_t has_time;
  uint8_t has_metadata;
  uint8_t type;
  uint8_t boolean;
} tipwire_variable;

/* What is left of some metadata. */
typedef struct tipwire_pairs {
  uint64_t inside[TIPWIRE_PAIRS_WORDS];
} tipwire_pairs;

/* A pair of metadata. The text is as it stands in the frame, for tipwire_unescape(). */
typedef struct tipwire_pair {
  tipwire_text key;
  tipwire_text text;
} tipwire_pair;

/* Sets variables to those of a frame, for tipwire_next(): none where it is no PUSH of variables. */
int32_t tipwire_variables_of(const tipwire_frame *frame, tipwire_variables *variables);

/* Sets points to the data points of a frame, for tipwire_next_point(). */
int32_t tipwire_points_of(const tipwire_frame *frame, tipwire_points *points);

/* Sets metadata to what holds for all variables of a frame, for tipwire_pairs_of(). */
int32_t tipwire_metadata_of(const tipwire_frame *frame, tipwire_metadata *metadata);

/* Sets names to those that a PULL asks for, for tipwire_next_name(): none in other frames. */
int32_t tipwire_names_of(const tipwire_frame *frame, tipwire_names *names);

/* As tipwire_variables_of(), for the variables of an answer. */
int32_t tipwire_ack_variables_of(const tipwire_ack *ack, tipwire_variables *variables);

/* How many variables are left, or a status. */
int32_t tipwire_count_variables(const tipwire_variables *variables);

/* Takes the next variable. */
int32_t tipwire_next(tipwire_variables *variables, tipwire_variable *variable);

/* Takes the next data point. */
int32_t tipwire_next_point(tipwire_points *points, tipwire_variable *point);

/* Takes the next name of a PULL. */
int32_t tipwire_next_name(tipwire_names *names, tipwire_text *name);

/* Sets pairs to those of some metadata, every key once: of a repeated key the last text counts, and
 * that of a variable before that of its block. */
int32_t tipwire_pairs_of(const tipwire_metadata *metadata, tipwire_pairs *pairs);

/* Takes the next pair. */
int32_t tipwire_next_pair(tipwire_pairs *pairs, tipwire_pair *pair);

/* Sets text to that of a key, as it stands in the frame. Returns 1, or 0 where there is no such key. */
int32_t tipwire_find_pair(const tipwire_metadata *metadata,
                          const char *key,
                          tipwire_text *text);

/* What the bytes are -----------------------------------------------------------------------------
 *
 * For inspectors, editors and whoever debugs a device: every byte of a message gets a name. Spans come
 * in order, and those of one depth leave nothing out of what they are parts of, which comes after them.
 * What cannot be read is named up to the byte at which it is wrong.
 *
 *     tipwire_span spans[64];
 *     tipwire_error error;
 *     int32_t count = tipwire_spans(line, length, spans, 64, &error);
 *     for (int32_t n = 0; n < count && n < 64; n++) {
 *         tipwire_text part = tipwire_part_name(spans[n].part);
 *         printf("%d to %d: %.*s\n", (int)spans[n].start, (int)spans[n].end, (int)part.length, part.data);
 *     }
 */

#define TIPWIRE_PART_MARK                0
#define TIPWIRE_PART_LINE_ENDING         1
#define TIPWIRE_PART_METHOD              2
#define TIPWIRE_PART_SEQ                 3
#define TIPWIRE_PART_AUTH                4
#define TIPWIRE_PART_SERIAL              5
#define TIPWIRE_PART_LOCATION            6
#define TIPWIRE_PART_LAT                 7
#define TIPWIRE_PART_LNG                 8
#define TIPWIRE_PART_ALT                 9
#define TIPWIRE_PART_TIME                10
#define TIPWIRE_PART_GROUP               11
#define TIPWIRE_PART_METADATA            12
#define TIPWIRE_PART_KEY                 13
#define TIPWIRE_PART_TEXT                14
#define TIPWIRE_PART_VARIABLE            15
#define TIPWIRE_PART_NAME                16
#define TIPWIRE_PART_OPERATOR            17
#define TIPWIRE_PART_NUMBER              18
#define TIPWIRE_PART_STRING              19
#define TIPWIRE_PART_BOOLEAN             20
#define TIPWIRE_PART_UNIT                21
#define TIPWIRE_PART_ENCODING            22
#define TIPWIRE_PART_DATA                23
#define TIPWIRE_PART_STATUS              24
#define TIPWIRE_PART_COUNT               25
#define TIPWIRE_PART_COMMAND             26
#define TIPWIRE_PART_ERROR               27
#define TIPWIRE_PART_DETAIL              28
#define TIPWIRE_PART_FLAGS               29
#define TIPWIRE_PART_COUNTER             30
#define TIPWIRE_PART_DEVICE              31
#define TIPWIRE_PART_CIPHERTEXT          32
#define TIPWIRE_PART_TAG                 33

/* A part of a message: the bytes from start on, before end.
 *
 * part   TIPWIRE_PART_…
 * depth  how many others it is a part of. */
typedef struct tipwire_span {
  uint32_t start;
  uint32_t end;
  uint8_t part;
  uint8_t depth;
} tipwire_span;

/* Names the bytes of a text frame: of an uplink, or of an answer. Returns how many spans there are; where
 * these are more than there is room for, the first ones are set. error, which may be NULL, is set to what
 * is wrong with the frame: to status 0 where nothing is. */
int32_t tipwire_spans(const void *line,
                      size_t length,
                      tipwire_span *spans,
                      size_t capacity,
                      tipwire_error *error);

/* The same of the text that is inside an envelope. */
int32_t tipwire_spans_inner(uint8_t method,
                            const void *text,
                            size_t length,
                            tipwire_span *spans,
                            size_t capacity,
                            tipwire_error *error);

/* The same of an envelope, without a key. There are no spans where its header cannot be read. */
int32_t tipwire_spans_envelope(uint8_t layout,
                               const void *envelope,
                               size_t length,
                               tipwire_span *spans,
                               size_t capacity,
                               tipwire_error *error);

/* The name of a part, such as "variable". */
tipwire_text tipwire_part_name(uint8_t part);

/* Writing frames ---------------------------------------------------------------------------------
 *
 * A writer is begun over a buffer of the caller, which it owns until it is finished, and is finished
 * once. What is written is checked and escaped as it goes. The first error sticks: every function
 * returns it from then on, tipwire_finish() too, so that only that one has to be looked at.
 *
 *     tipwire_writer w;
 *     tipwire_push_begin(&w, buffer, sizeof buffer, "4deedd7bab8817ec", "sensor-01");
 *     tipwire_number(&w, "temperature", 32.5, 1);
 *     tipwire_unit(&w, "C");
 *     int32_t length = tipwire_finish_line(&w);
 *
 * Text arguments end with a NUL, unless their length is asked for.
 */

/* Revisions of the protocol. */
#define TIPWIRE_REVISION_A 0
#define TIPWIRE_REVISION_B 1
#define TIPWIRE_REVISION_C 2
#define TIPWIRE_REVISION_D 3

#if defined(TIPWIRE_64)
#define TIPWIRE_WRITER_WORDS 22
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_WRITER_WORDS 15
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_WRITER_WORDS 10
#endif

#define TIPWIRE_WRITER_SIZE (TIPWIRE_WRITER_WORDS * 8)

/* A writer. It is not to be copied. */
typedef struct tipwire_writer {
  uint64_t storage[TIPWIRE_WRITER_WORDS];
} tipwire_writer;

/* Writes a frame that a session sends or seals: by the functions below, but for those that begin,
 * number or end it. It gets the context that its caller gave, may be called again where there was
 * too little room, and must not use the session. */
typedef void (*tipwire_write)(tipwire_writer *writer, void *context);

/* TIPWIRE_WRITER_SIZE. */
size_t tipwire_writer_size(void);

/* Begins a PUSH. */
int32_t tipwire_push_begin(tipwire_writer *writer,
                           void *out,
                           size_t capacity,
                           const char *auth,
                           const char *serial);

/* Begins a PULL. */
int32_t tipwire_pull_begin(tipwire_writer *writer,
                           void *out,
                           size_t capacity,
                           const char *auth,
                           const char *serial);

/* Begins a PING. */
int32_t tipwire_ping_begin(tipwire_writer *writer,
                           void *out,
                           size_t capacity,
                           const char *auth,
                           const char *serial);

/* Begins an answer: one of tipwire_answer(), tipwire_answer_count(), tipwire_answer_text() and
 * tipwire_answer_list() follows. */
int32_t tipwire_reply_begin(tipwire_writer *writer, void *out, size_t capacity);

/* Sets the sequence counter, at any time. Frames inside envelopes have none. */
int32_t tipwire_seq(tipwire_writer *writer, uint32_t seq);

/* Writes an older revision of a PUSH than the current one: before anything that depends on it. */
int32_t tipwire_revision(tipwire_writer *writer, uint8_t revision);

/* Begins a variable with a number of so many decimals, 0 to 17. */
int32_t tipwire_number(tipwire_writer *writer,
                       const char *name,
                       double value,
                       uint8_t decimals);

/* Begins a variable with a number: the shortest text that reads back as the same double. */
int32_t tipwire_double(tipwire_writer *writer, const char *name, double value);

/* Begins a variable with an integer. */
int32_t tipwire_integer(tipwire_writer *writer, const char *name, int64_t value);

/* Begins a variable with an integer that has no sign. */
int32_t tipwire_unsigned(tipwire_writer *writer, const char *name, uint64_t value);

/* Begins a variable with a number that is text already: plain digits, kept as they are. */
int32_t tipwire_digits(tipwire_writer *writer, const char *name, const char *digits);

/* Begins a variable with a text. */
int32_t tipwire_string(tipwire_writer *writer, const char *name, const char *value);

/* Begins a variable with a text of so many bytes. */
int32_t tipwire_string_n(tipwire_writer *writer,
                         const char *name,
                         const char *value,
                         size_t length);

/* Begins a variable that is true or false. */
int32_t tipwire_boolean(tipwire_writer *writer, const char *name, bool value);

/* Begins a variable that is a location, of so many decimals. */
int32_t tipwire_position(tipwire_writer *writer,
                         const char *name,
                         double lat,
                         double lng,
                         uint8_t decimals);

/* Begins a variable that is a location, as text: "lat,lng" or "lat,lng,alt". */
int32_t tipwire_position_text(tipwire_writer *writer,
                              const char *name,
                              const char *location);

/* Writes a variable that was read, with all that is said of it. More may be said. */
int32_t tipwire_put(tipwire_writer *writer, const tipwire_variable *variable);

/* Writes all variables that are left of some that were read, as they stand. Nothing more can be said
 * of the last one. */
int32_t tipwire_put_all(tipwire_writer *writer, const tipwire_variables *variables);

/* Writes data points of a JSON list, as TagoIO and tipwire_points_json() shape them. */
int32_t tipwire_put_json(tipwire_writer *writer, const char *json, size_t length);

/* The unit of the variable just begun. */
int32_t tipwire_unit(tipwire_writer *writer, const char *unit);

/* Where it was measured, with so many decimals. This and the next four functions are about the
 * variable just begun; before the first one, about all of them. */
int32_t tipwire_location(tipwire_writer *writer, double lat, double lng, uint8_t decimals);

/* Where it was measured, as text: "lat,lng" or "lat,lng,alt". */
int32_t tipwire_location_text(tipwire_writer *writer, const char *location);

/* When it was measured, in UNIX milliseconds. */
int32_t tipwire_time(tipwire_writer *writer, uint64_t time);

/* The group that it belongs to. */
int32_t tipwire_group(tipwire_writer *writer, const char *group);

/* One pair of metadata; more may follow. */
int32_t tipwire_pair_put(tipwire_writer *writer, const char *key, const char *value);

/* Passthrough data instead of variables, from bytes: TIPWIRE_HEX or TIPWIRE_BASE64. */
int32_t tipwire_raw(tipwire_writer *writer,
                    uint8_t encoding,
                    const void *data,
                    size_t length);

/* Passthrough data that is encoded already. */
int32_t tipwire_raw_text(tipwire_writer *writer, uint8_t encoding, tipwire_text data);

/* Asks for one more variable in a PULL. */
int32_t tipwire_name(tipwire_writer *writer, const char *name);

/* Asks for all names that are left of some that were read. */
int32_t tipwire_put_names(tipwire_writer *writer, const tipwire_names *names);

/* Answers with a status alone: TIPWIRE_OK, TIPWIRE_PONG, … */
int32_t tipwire_answer(tipwire_writer *writer, uint8_t status);

/* Answers OK and how many data points were stored. */
int32_t tipwire_answer_count(tipwire_writer *writer, uint64_t count);

/* Answers with a status and a text that is kept as it stands: TIPWIRE_CMD and a command, or
 * TIPWIRE_ERR and a code. */
int32_t tipwire_answer_text(tipwire_writer *writer, uint8_t status, const char *text);

/* Answers ERR and the code of what is wrong, such as what tipwire_parse() returned. */
int32_t tipwire_answer_error(tipwire_writer *writer, int32_t status);

/* Answers OK and a list of variables, which follow as in a PUSH. */
int32_t tipwire_answer_list(tipwire_writer *writer);

/* Ends the frame. Returns its length, or the first error. Nothing can be written afterwards. */
int32_t tipwire_finish(tipwire_writer *writer);

/* Ends the frame with a line feed, as streams want it. Otherwise as tipwire_finish(). */
int32_t tipwire_finish_line(tipwire_writer *writer);

/* Sets error to what tipwire_finish() returned, with the data point and the field. Returns its
 * status. */
int32_t tipwire_writer_error(tipwire_writer *writer, tipwire_error *error);

/* Credentials ------------------------------------------------------------------------------------
 */

#define TIPWIRE_TOKEN_WORDS 7
#define TIPWIRE_TOKEN_SIZE (TIPWIRE_TOKEN_WORDS * 8)

/* A device's token. It is secret, and is not to be copied: tipwire_token_wipe() ends it. */
typedef struct tipwire_token {
  uint64_t storage[TIPWIRE_TOKEN_WORDS];
} tipwire_token;

/* 16 hex digits that stand for a token or a serial, and a NUL. */
typedef struct tipwire_hash {
  char text[17];
} tipwire_hash;

/* TIPWIRE_TOKEN_SIZE. */
size_t tipwire_token_size(void);

/* Sets a token up from its text, at and 32 hex digits. error may be NULL. */
int32_t tipwire_token_init(tipwire_token *token, const char *text, tipwire_error *error);

/* Wipes a token. It can be set up again. */
int32_t tipwire_token_wipe(tipwire_token *token);

/* The authorization hash of a token, which frames carry. */
int32_t tipwire_token_hash(const tipwire_token *token, tipwire_hash *hash);

/* The authorization hash of a token in the first revision, which headers of the short layout carry. */
int32_t tipwire_token_first_hash(const tipwire_token *token, tipwire_hash *hash);

/* The hash of a serial, which envelopes name their device by. */
int32_t tipwire_device_hash(const char *serial, tipwire_hash *hash);

/* Writes the key that may be derived for a device instead of being chosen: length is 16 or 32, as
 * the cipher wants; at most 32. */
int32_t tipwire_derive_key(const tipwire_token *token,
                           const char *serial,
                           void *key,
                           size_t length);

/* Envelopes --------------------------------------------------------------------------------------
 *
 * A sealer seals what a device sends, or what a server answers to it; an opener opens. Both hold a
 * key expanded, in storage of the caller that is not to be copied, and work in place in buffers of
 * the caller. tipwire_sealer_wipe() and tipwire_opener_wipe() end them.
 *
 * A counter must never be used twice under one key. A device stores what tipwire_sealer_next()
 * gives, after each envelope; or, to write to flash less often, what tipwire_sealer_reserve() gives,
 * before it seals the next ones. After a restart it goes on with that.
 */

/* Ciphers. */
#define TIPWIRE_AES_128_CCM 0
#define TIPWIRE_AES_128_GCM 1
#define TIPWIRE_AES_256_CCM 2
#define TIPWIRE_AES_256_GCM 3
#define TIPWIRE_CHACHA20_POLY1305 4

/* Layouts of headers. Both sides know which one they use; the short one is that of the first
 * revision. */
#define TIPWIRE_LAYOUT_CURRENT 0
#define TIPWIRE_LAYOUT_SHORT 1

/* Either layout, for tipwire_open_with(). */
#define TIPWIRE_LAYOUT_ANY 255

/* Most bytes that an envelope has beside the text inside. */
#define TIPWIRE_ENVELOPE_OVERHEAD 37

#if defined(TIPWIRE_64)
#define TIPWIRE_OPENER_WORDS 136
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_OPENER_WORDS 132
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_OPENER_WORDS 38
#endif

#define TIPWIRE_OPENER_SIZE (TIPWIRE_OPENER_WORDS * 8)

#if defined(TIPWIRE_64)
#define TIPWIRE_SEALER_WORDS 142
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_SEALER_WORDS 136
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_SEALER_WORDS 41
#endif

#define TIPWIRE_SEALER_SIZE (TIPWIRE_SEALER_WORDS * 8)

/* The header of an envelope. Until that is opened nothing vouches for it.
 *
 * method  TIPWIRE_PUSH, TIPWIRE_PULL, TIPWIRE_PING or TIPWIRE_ACK.
 * auth    the authorization hash.
 * device  the device hash; of the short layout its first 8 digits. */
typedef struct tipwire_header {
  uint32_t counter;
  uint8_t layout;
  uint8_t cipher;
  uint8_t method;
  tipwire_hash auth;
  tipwire_hash device;
} tipwire_header;

/* What opens envelopes. */
typedef struct tipwire_opener {
  uint64_t storage[TIPWIRE_OPENER_WORDS];
} tipwire_opener;

/* Looks the keys up that may open an envelope with this header: the first (nth is 0), the second, and
 * so on, until NULL. */
typedef const tipwire_opener *(*tipwire_find_opener)(void *context,
                                                            const tipwire_header *header,
                                                            size_t nth);

/* What seals envelopes, and opens those to the same device. */
typedef struct tipwire_sealer {
  uint64_t storage[TIPWIRE_SEALER_WORDS];
} tipwire_sealer;

/* The bytes of a cipher's key: 16 or 32; or a status. */
int32_t tipwire_key_length(uint8_t cipher);

/* The name of a cipher, as in "aes-128-ccm". */
tipwire_text tipwire_cipher_name(uint8_t cipher);

/* Reads the header of a whole envelope, to find the key that opens it. */
int32_t tipwire_parse_header(uint8_t layout,
                             const void *envelope,
                             size_t length,
                             tipwire_header *header);

/* TIPWIRE_OPENER_SIZE. */
size_t tipwire_opener_size(void);

/* Sets a key up for opening: of one device, whose serial everything inside must have, or, where
 * serial is NULL, of whatever device the header names. The key is copied. */
int32_t tipwire_opener_init(tipwire_opener *opener,
                            uint8_t cipher,
                            const void *key,
                            size_t key_length,
                            const char *serial);

/* The same for TIPWIRE_AES_128_CCM: a program that calls only this is linked without other ciphers. */
int32_t tipwire_opener_init_ccm(tipwire_opener *opener,
                                const void *key,
                                size_t key_length,
                                const char *serial);

/* Wipes an opener. It can be set up again. */
int32_t tipwire_opener_wipe(tipwire_opener *opener);

/* Opens an envelope in place and sets text to what is inside, which is for tipwire_parse_inner() or
 * tipwire_parse_inner_ack(): it is authentic, but may be no frame. header may be NULL.
 *
 * On failure the envelope stays as it was received. */
int32_t tipwire_open(const tipwire_opener *opener,
                     uint8_t layout,
                     void *envelope,
                     size_t length,
                     tipwire_header *header,
                     tipwire_text *text);

/* As tipwire_open(), with one of several keys, which find looks up by what the header says: by the
 * authorization hash and the device hash, or however it likes. layout may be TIPWIRE_LAYOUT_ANY, for
 * one after the other. nth, which may be NULL, is set to which of the keys it was. */
int32_t tipwire_open_with(tipwire_find_opener find,
                          void *context,
                          uint8_t layout,
                          void *envelope,
                          size_t length,
                          tipwire_header *header,
                          tipwire_text *text,
                          size_t *nth);

/* Reads an answer in plaintext, which a server gives to an envelope that it cannot open: nothing
 * vouches for it. Returns 1 for one, 0 for bytes that are none and may be an envelope, or what is
 * wrong. error may be NULL. */
int32_t tipwire_plaintext_answer(const void *answer,
                                 size_t length,
                                 tipwire_ack *ack,
                                 tipwire_error *error);

/* As tipwire_open(), for envelopes to the device of a sealer. */
int32_t tipwire_sealer_open(const tipwire_sealer *sealer,
                            uint8_t layout,
                            void *envelope,
                            size_t length,
                            tipwire_header *header,
                            tipwire_text *text);

/* TIPWIRE_SEALER_SIZE. */
size_t tipwire_sealer_size(void);

/* Sets a key up for sealing, to go on with the counter next: 0 with a new key. The key is copied;
 * the token is not needed afterwards. */
int32_t tipwire_sealer_init(tipwire_sealer *sealer,
                            uint8_t layout,
                            uint8_t cipher,
                            const void *key,
                            size_t key_length,
                            const tipwire_token *token,
                            const char *serial,
                            uint64_t next);

/* The same for TIPWIRE_AES_128_CCM: a program that calls only this is linked without other ciphers. */
int32_t tipwire_sealer_init_ccm(tipwire_sealer *sealer,
                                uint8_t layout,
                                const void *key,
                                size_t key_length,
                                const tipwire_token *token,
                                const char *serial,
                                uint64_t next);

/* The same where the authorization hash is known instead of the token, as to a server that answers:
 * it stands in the header of what it has opened. */
int32_t tipwire_sealer_init_hash(tipwire_sealer *sealer,
                                 uint8_t layout,
                                 uint8_t cipher,
                                 const void *key,
                                 size_t key_length,
                                 const tipwire_hash *auth,
                                 const char *serial,
                                 uint64_t next);

/* Wipes a sealer. It can be set up again. */
int32_t tipwire_sealer_wipe(tipwire_sealer *sealer);

/* The counter of the next envelope: what to store. Beyond 32 bits all are used up. 0 on failure. */
uint64_t tipwire_sealer_next(const tipwire_sealer *sealer);

/* Reserves the next count counters, and gives the number to store before any of them is used. 0 on
 * failure. */
uint64_t tipwire_sealer_reserve(tipwire_sealer *sealer, uint32_t count);

/* Seals a text: the inner frame of an uplink of this device, or an answer to it. Returns the length
 * of the envelope, or a status. */
int32_t tipwire_seal(tipwire_sealer *sealer,
                     uint8_t method,
                     const void *text,
                     size_t length,
                     void *out,
                     size_t capacity);

/* Begins to write what is sealed in the same buffer, and ended by tipwire_finish_sealed(). The method
 * TIPWIRE_ACK begins an answer, as tipwire_reply_begin() does. */
int32_t tipwire_sealed_begin(tipwire_writer *writer,
                             const tipwire_sealer *sealer,
                             uint8_t method,
                             void *out,
                             size_t capacity);

/* Ends what tipwire_sealed_begin() began, and seals it. Returns the length of the envelope, or the
 * first error. */
int32_t tipwire_finish_sealed(tipwire_writer *writer, tipwire_sealer *sealer);

/* Streams ----------------------------------------------------------------------------------------
 *
 * A splitter cuts a stream into messages, however it comes in chunks. It works over a buffer of the
 * caller, which it owns from then on, for what is unfinished at the end of a chunk.
 *
 *     tipwire_text chunk = {data, length};
 *     int32_t found;
 *     while ((found = tipwire_split(&splitter, &chunk, &message)) != 0) {
 *         if (found > 0) { ... } else { puts("a message was too long, or no message"); }
 *     }
 */

/* What a setting is that is left as the rule has it. */
#define TIPWIRE_DEFAULT INT64_MIN

/* Most delimiters of a splitter. */
#define TIPWIRE_MAX_DELIMITERS 16
#define TIPWIRE_SPLITTER_WORDS 48
#define TIPWIRE_SPLITTER_SIZE (TIPWIRE_SPLITTER_WORDS * 8)

/* How a splitter works: TIPWIRE_DEFAULT for what is left as its rule has it. Settings that a rule has
 * no use for are TIPWIRE_E_INVALID_SETTINGS.
 *
 * max         the longest message; what it counts is said by the rule.
 * strip       "delimiter": whether it is taken off, 1 or 0. "length_field": how many bytes are taken
 *             off the front.
 * order       "length_field": 0 if the first byte of the length is the greatest, 1 if the last.
 * offset      "length_field": bytes before the length.
 * length      "length_field": bytes of the length.
 * adjustment  "length_field": what is added to the length.
 * delimiters, delimiter_count  "delimiter": what messages end with; NULL for the default, a NUL. */
typedef struct tipwire_splitter_settings {
  int64_t max;
  int64_t strip;
  int64_t order;
  int64_t offset;
  int64_t length;
  int64_t adjustment;
  const tipwire_text *delimiters;
  size_t delimiter_count;
} tipwire_splitter_settings;

/* A splitter. It is not to be copied. */
typedef struct tipwire_splitter {
  uint64_t storage[TIPWIRE_SPLITTER_WORDS];
} tipwire_splitter;

/* TIPWIRE_SPLITTER_SIZE. */
size_t tipwire_splitter_size(void);

/* Settings that are all left as the rule has them. */
int32_t tipwire_splitter_defaults(tipwire_splitter_settings *settings);

/* How long the buffer of a splitter must be, or a status. */
int32_t tipwire_splitter_capacity(const char *rule,
                                  const tipwire_splitter_settings *settings);

/* Sets a splitter up for a new stream. rule is "lines", "delimiter", "length_field",
 * "length_prefixed", "json", "packets" or "tagotip"; settings may be NULL for the defaults. */
int32_t tipwire_splitter_init(tipwire_splitter *splitter,
                              const char *rule,
                              const tipwire_splitter_settings *settings,
                              void *out,
                              size_t capacity);

/* Writes a message as it stands on a stream that a splitter of this rule and these settings cuts: with
 * its end, its length, or as it is. What would read as something else is TIPWIRE_E_MISPLACED. Returns
 * the length, or a status. */
int32_t tipwire_join(const char *rule,
                     const tipwire_splitter_settings *settings,
                     const void *message,
                     size_t length,
                     void *out,
                     size_t capacity);

/* Takes the next message, going past what it takes of the input. Returns 1 for a message, which is
 * good until the splitter is used again; 0 when all of the input is taken; TIPWIRE_E_TOO_LONG or
 * TIPWIRE_E_CORRUPT for what is no message, after which it goes on. */
int32_t tipwire_split(tipwire_splitter *splitter,
                      tipwire_text *input,
                      tipwire_text *message);

/* How many bytes of an unfinished message there are, or a status. */
int32_t tipwire_splitter_pending(const tipwire_splitter *splitter);

/* Forgets the stream for a new one with the same settings. */
int32_t tipwire_splitter_reset(tipwire_splitter *splitter);

/* Client sessions --------------------------------------------------------------------------------
 *
 * A device that asks a server, without the connection: bytes and milliseconds go in; events, bytes to
 * be sent and the next deadline come out. Requests are numbered and kept until they are answered; what
 * got no answer is sent again on the next connection. Sockets, clocks and threads are the caller's,
 * who does this again and again:
 *
 * 1. wait until there are bytes, or for tipwire_client_deadline();
 * 2. if it has passed, tipwire_client_timeout();
 * 3. take events from tipwire_client_next(), which gets the bytes, until there are none;
 * 4. send what tipwire_client_output() has, and say how much of it was sent: tipwire_client_sent().
 *
 * Times are milliseconds since anything, such as the start of the program, as long as they do not go
 * backwards. Two buffers are the session's from tipwire_client_init() on: the queue, for auth, serial
 * and all requests that have no answer, and the input, for an answer of which only a part has come.
 *
 *     tipwire_client_init(&client, NULL, AUTH, SERIAL, queue, sizeof queue, input, sizeof input);
 *     tipwire_client_send(&client, frame, length, now, NULL, NULL);
 *     while (tipwire_client_next(&client, &received, now, &event) > 0) {
 *         switch (event.type) {
 *             case TIPWIRE_CONNECT: ... tipwire_client_connected(&client, now); break;
 *             case TIPWIRE_DISCONNECT: ... close it ... break;
 *             case TIPWIRE_ANSWER: if (event.is_done) ... break;
 *             case TIPWIRE_COMMAND: ... event.text ... break;
 *         }
 *     }
 */

/* What carries the messages: a stream of bytes, such as TCP, or datagrams, such as UDP. Then each
 * input is one datagram, and so is each output. */
#define TIPWIRE_STREAM 0
#define TIPWIRE_DATAGRAMS 1

/* What happens to a request that the queue has no room for: it is refused with TIPWIRE_E_FULL, or the
 * oldest ones are dropped. */
#define TIPWIRE_REFUSE 0
#define TIPWIRE_DROP_OLDEST 1

/* A deadline that never comes. */
#define TIPWIRE_NEVER UINT64_MAX

/* Types of events of a client.
 *
 * TIPWIRE_CONNECT     a connection is wanted now: tipwire_client_connected() or
 *                     tipwire_client_disconnected() says what came of it.
 * TIPWIRE_DISCONNECT  the connection is to be closed, for a reason; another one will be wanted.
 * TIPWIRE_ANSWER      a request got its answer: number, method, ack, is_done, is_repeated.
 * TIPWIRE_COMMAND     the server has a command, text; if has_number, in answer to the PING number.
 * TIPWIRE_LOST        the request number is given up. Nobody knows whether it was fulfilled.
 * TIPWIRE_EXTRA       an answer, ack, that nothing waits for; or one that may be that.
 * TIPWIRE_UNREADABLE  what came was no answer, or too long: error. */
#define TIPWIRE_CONNECT 1
#define TIPWIRE_DISCONNECT 2
#define TIPWIRE_ANSWER 3
#define TIPWIRE_COMMAND 4
#define TIPWIRE_LOST 5
#define TIPWIRE_EXTRA 6
#define TIPWIRE_UNREADABLE 7

/* Why a connection is given up: the server said so, with the code that is the event's text; an answer
 * or the connection was waited for too long; or what came was no answer, so that nobody knows which
 * ones are missing. */
#define TIPWIRE_REASON_CLOSING 1
#define TIPWIRE_REASON_TIMEOUT 2
#define TIPWIRE_REASON_UNREADABLE 3

#if defined(TIPWIRE_64)
#define TIPWIRE_CLIENT_WORDS 48
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_CLIENT_WORDS 34
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_CLIENT_WORDS 26
#endif

#define TIPWIRE_CLIENT_SIZE (TIPWIRE_CLIENT_WORDS * 8)

/* How a client behaves. Times are in milliseconds; 0 is never.
 *
 * next_number  the number of the first request: what tipwire_client_next_number() said last. Of no
 *              use with a sealer, which counts itself.
 * seed         where the jitter of waiting times comes from. Every device should have its own.
 * max_queue    the most bytes of requests that are kept; never more than the queue has room for.
 * max_answer   the longest answer; never more than the input has room for, with two more bytes.
 * keep_alive   after how long a silence of its own the client sends a PING: before the server's limit.
 * timeout      how long it waits for an answer, or for a connection. A stream is given up then; a
 *              datagram is sent again, and the time doubles.
 * retry_first  how long it waits before it connects again, the first time; then twice as long, and
 *              so on.
 * retry_max    the longest such wait, and the longest between two sendings of a datagram.
 * transport    TIPWIRE_STREAM or TIPWIRE_DATAGRAMS.
 * overflow     TIPWIRE_REFUSE or TIPWIRE_DROP_OLDEST.
 * attempts     how often a request is sent before it is given up; 0 for as often as it takes. */
typedef struct tipwire_client_settings {
  uint64_t next_number;
  uint64_t seed;
  size_t max_queue;
  size_t max_answer;
  uint32_t keep_alive;
  uint32_t timeout;
  uint32_t retry_first;
  uint32_t retry_max;
  uint8_t transport;
  uint8_t overflow;
  uint8_t attempts;
} tipwire_client_settings;

/* A client. It is not to be copied. */
typedef struct tipwire_client {
  uint64_t storage[TIPWIRE_CLIENT_WORDS];
} tipwire_client;

/* A request was taken into the queue.
 *
 * number       the number by which its answer will be known.
 * has_dropped  whether others made room for it: those from first_dropped to last_dropped, which will
 *              get no answer. */
typedef struct tipwire_queued {
  uint32_t number;
  uint32_t first_dropped;
  uint32_t last_dropped;
  uint8_t has_dropped;
} tipwire_queued;

/* What a client tells. What a type does not speak of is 0 or absent. Texts and variables are good
 * until the client is used again.
 *
 * type         TIPWIRE_CONNECT, ...
 * reason       TIPWIRE_REASON_..., of a TIPWIRE_DISCONNECT.
 * method       what was asked for: TIPWIRE_PUSH, TIPWIRE_PULL or TIPWIRE_PING.
 * is_done      whether the request was fulfilled. It was as well if a PUSH was sent again and the
 *              server says that it has this number already.
 * is_repeated  whether the request was sent more than once. */
typedef struct tipwire_client_event {
  uint8_t type;
  uint8_t reason;
  uint8_t method;
  uint8_t is_done;
  uint8_t is_repeated;
  uint8_t has_number;
  uint32_t number;
  tipwire_text text;
  tipwire_error error;
  tipwire_ack ack;
} tipwire_client_event;

/* TIPWIRE_CLIENT_SIZE. */
size_t tipwire_client_size(void);

/* Sets settings to the defaults. */
int32_t tipwire_client_defaults(tipwire_client_settings *settings);

/* Sets a client up that wants to be connected, as this device. settings may be NULL for the
 * defaults. auth and serial are copied. */
int32_t tipwire_client_init(tipwire_client *client,
                            const tipwire_client_settings *settings,
                            const char *auth,
                            const char *serial,
                            void *queue,
                            size_t queue_capacity,
                            void *input,
                            size_t input_capacity);

/* Sets a client up that seals its requests and opens the answers, as the device of a sealer, which is
 * the client's as long as it is used. Requests are numbered by the sealer: it is set up to go on with
 * what was stored, and tipwire_client_next_number() is what to store. The input must have room for a
 * whole answer. */
int32_t tipwire_client_init_sealed(tipwire_client *client,
                                   const tipwire_client_settings *settings,
                                   tipwire_sealer *sealer,
                                   void *queue,
                                   size_t queue_capacity,
                                   void *input,
                                   size_t input_capacity);

/* Queues a PUSH, which write writes. queued and error may be NULL. */
int32_t tipwire_client_push(tipwire_client *client,
                            uint64_t now,
                            tipwire_write write,
                            void *context,
                            tipwire_queued *queued,
                            tipwire_error *error);

/* Queues a PULL, whose names write writes. queued and error may be NULL. */
int32_t tipwire_client_pull(tipwire_client *client,
                            uint64_t now,
                            tipwire_write write,
                            void *context,
                            tipwire_queued *queued,
                            tipwire_error *error);

/* Queues a PING. queued and error may be NULL. */
int32_t tipwire_client_ping(tipwire_client *client,
                            uint64_t now,
                            tipwire_queued *queued,
                            tipwire_error *error);

/* Queues a text frame that was written elsewhere, as by tipwire_push_begin(). Its counter is made
 * that of the client; a sealer seals what is inside. queued and error may be NULL. */
int32_t tipwire_client_send(tipwire_client *client,
                            const void *frame,
                            size_t length,
                            uint64_t now,
                            tipwire_queued *queued,
                            tipwire_error *error);

/* Takes the next event, going past what it takes of the bytes that were received, which may be NULL
 * for none. Returns 1 for an event, 0 when there is nothing more to tell, or a status. To be called
 * until it returns 0, after everything else that is called. */
int32_t tipwire_client_next(tipwire_client *client,
                            tipwire_text *received,
                            uint64_t now,
                            tipwire_client_event *event);

/* What is to be sent now: nothing while there is no connection. A datagram is to be sent as a whole. */
tipwire_text tipwire_client_output(const tipwire_client *client);

/* The first count bytes of tipwire_client_output() have been sent. */
int32_t tipwire_client_sent(tipwire_client *client, size_t count, uint64_t now);

/* The connection that was wanted is there. */
int32_t tipwire_client_connected(tipwire_client *client, uint64_t now);

/* There is no connection any more, or none could be made. Another one will be wanted, after a while. */
int32_t tipwire_client_disconnected(tipwire_client *client, uint64_t now);

/* No connection is wanted until tipwire_client_open(). Requests are kept. */
int32_t tipwire_client_close(tipwire_client *client);

/* A connection is wanted, at once; as it is from the beginning. */
int32_t tipwire_client_open(tipwire_client *client, uint64_t now);

/* When tipwire_client_timeout() is to be called; TIPWIRE_NEVER if it need not be, and on failure. */
uint64_t tipwire_client_deadline(const tipwire_client *client);

/* Does what is due: gives up a connection, sends again, keeps alive. Does nothing before the time.
 * tipwire_client_next() tells what is to be done. */
int32_t tipwire_client_timeout(tipwire_client *client, uint64_t now);

/* The number of the next request, or of the next envelope: what to store, after each request. Beyond
 * 32 bits all are used up. 0 on failure. */
uint64_t tipwire_client_next_number(const tipwire_client *client);

/* Reserves the next count numbers, and gives the number to store before any of them is used: to
 * write to flash less often. 0 on failure. */
uint64_t tipwire_client_reserve(tipwire_client *client, uint32_t count);

/* Whether every request has got its answer. */
bool tipwire_client_is_idle(const tipwire_client *client);

/* Whether there is a connection, as far as the client was told. */
bool tipwire_client_is_connected(const tipwire_client *client);

/* Sequence counters ------------------------------------------------------------------------------
 *
 * What a server remembers of the counter of one device. Any first number is accepted, then only
 * greater ones; with a window, numbers that are smaller by at most so many are accepted too, each
 * once, since datagrams overtake each other.
 */

/* The widest window. */
#define TIPWIRE_MAX_WINDOW 96
#define TIPWIRE_SEQUENCE_SIZE 22

/* A sequence counter, to be kept where the data of the device are: copied and stored at will. Zeroes
 * are a new one without a window. */
typedef struct tipwire_sequence {
  uint8_t bytes[TIPWIRE_SEQUENCE_SIZE];
} tipwire_sequence;

/* Sets a sequence up, with a window of at most TIPWIRE_MAX_WINDOW, which greater values mean. */
int32_t tipwire_sequence_init(tipwire_sequence *sequence, uint8_t window);

/* Accepts a number if it may be, and remembers it. Returns 1 if it was, 0 if not. */
int32_t tipwire_sequence_accept(tipwire_sequence *sequence, uint32_t number);

/* Whether a number would be accepted: 1 or 0. */
int32_t tipwire_sequence_is_fresh(const tipwire_sequence *sequence, uint32_t number);

/* Takes a number back that was accepted: what it stood for failed, and may be sent again. */
int32_t tipwire_sequence_retract(tipwire_sequence *sequence, uint32_t number);

/* Sets last to the greatest number accepted so far. Returns 1, or 0 where there was none. */
int32_t tipwire_sequence_last(const tipwire_sequence *sequence, uint32_t *last);

/* Server sessions --------------------------------------------------------------------------------
 *
 * One connection, seen from the server, without the connection: as a client session, a server has two
 * buffers of the caller, gets bytes and milliseconds, and gives events, bytes to be sent and the next
 * deadline. Text and TagoTiP/S are told apart by the first byte. Requests are handed out in order,
 * each with a ticket, and are answered in that order: at once or later. What cannot be read is
 * answered by the session itself, in its turn. What it has to know of devices it asks its caller: see
 * tipwire_devices.
 *
 *     tipwire_server_init(&server, NULL, input, sizeof input, output, sizeof output, now);
 *     while (tipwire_server_next(&server, &received, now, &devices, &event) > 0) {
 *         if (event.type == TIPWIRE_REQUEST) {
 *             ... event.frame ...
 *             tipwire_server_answer(&server, event.ticket, &devices, write_answer, &count, NULL);
 *         }
 *     }
 *     ... send tipwire_server_output() ...
 *     tipwire_server_sent(&server, sent);
 *
 * With TIPWIRE_DATAGRAMS each input is one datagram, and so is each output. There are no deadlines
 * then, and one session can serve all peers in turn: each answer is sent before the next datagram is
 * read.
 */

/* Types of events of a server.
 *
 * TIPWIRE_REQUEST   a device asks for something: to be answered with ticket.
 * TIPWIRE_REJECTED  what came was no request, or must not be fulfilled. The answer has been written.
 * TIPWIRE_CLOSED    the session is over: send what is left, which says why, and close the connection. */
#define TIPWIRE_REQUEST 1
#define TIPWIRE_REJECTED 2
#define TIPWIRE_CLOSED 3

/* What a connection was found to carry: nothing yet, text, or TagoTiP/S. */
#define TIPWIRE_MODE_UNKNOWN 0
#define TIPWIRE_MODE_TEXT 1
#define TIPWIRE_MODE_ENVELOPES 2

#if defined(TIPWIRE_64)
#define TIPWIRE_SERVER_WORDS 42
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_SERVER_WORDS 28
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_SERVER_WORDS 26
#endif

#define TIPWIRE_SERVER_SIZE (TIPWIRE_SERVER_WORDS * 8)

/* How a server behaves. Times are in milliseconds; 0 is never.
 *
 * max_frame   the longest frame; never more than the input has room for, with two more bytes.
 * max_output  the most bytes that wait to be sent; never more than the output has room for.
 * idle        how long a connection may be silent.
 * ttl         how long it lives.
 * transport   TIPWIRE_STREAM or TIPWIRE_DATAGRAMS. */
typedef struct tipwire_server_settings {
  size_t max_frame;
  size_t max_output;
  uint32_t idle;
  uint32_t ttl;
  uint8_t transport;
} tipwire_server_settings;

/* A server. It is not to be copied. */
typedef struct tipwire_server {
  uint64_t storage[TIPWIRE_SERVER_WORDS];
} tipwire_server;

/* The device that a request comes from.
 *
 * auth       the authorization: a hash as 16 hex digits, or a token.
 * is_sealed  whether an envelope vouches for both: else anybody may have written them. */
typedef struct tipwire_device {
  tipwire_text auth;
  tipwire_text serial;
  uint8_t is_sealed;
} tipwire_device;

/* What a server knows of devices: functions of the caller's, asked while requests are read and
 * answered. They must not use the session. Each may be NULL.
 *
 * context   for the functions.
 * sequence  the counter of a device; NULL if it is not enforced. Where it is, a text frame without a
 *           counter is an invalid_seq too. The number counts as used as soon as the request is handed
 *           out: keep it in one transaction with what is stored, and tipwire_sequence_retract() it
 *           before refusing what could not be stored. Anybody can write a name into a text frame:
 *           give the counter only to who has the authorization.
 * key       the keys that an envelope with this header may have been sealed with: the first (nth is
 *           0), the second, and so on, until NULL. name is set to what the caller calls it.
 * sealer    the key of this name, to seal an answer with; NULL if it is gone. */
typedef struct tipwire_devices {
  void *context;
  tipwire_sequence *(*sequence)(void *context, const tipwire_device *device);
  const tipwire_sealer *(*key)(void *context, const tipwire_header *header, size_t nth, size_t *name);
  tipwire_sealer *(*sealer)(void *context, size_t name);
} tipwire_devices;

/* What a server tells. What a type does not speak of is 0 or absent. Texts and the frame are good
 * until the server is used again, by more than answering.
 *
 * type        TIPWIRE_REQUEST, TIPWIRE_REJECTED or TIPWIRE_CLOSED.
 * has_number  whether a request has a counter, number: of the frame, or of the envelope.
 * ticket      what a request is answered with; stored and sent around at will.
 * device      whose request it is.
 * frame       the request. Inside an envelope it has neither counter nor authorization.
 * code        what the answer to what was rejected says, or why the session is over.
 * error       what is wrong with a frame that was rejected, if that is the reason. */
typedef struct tipwire_server_event {
  uint8_t type;
  uint8_t has_number;
  uint32_t number;
  uint64_t ticket;
  tipwire_device device;
  tipwire_text code;
  tipwire_error error;
  tipwire_frame frame;
} tipwire_server_event;

/* TIPWIRE_SERVER_SIZE. */
size_t tipwire_server_size(void);

/* Sets settings to the defaults. */
int32_t tipwire_server_defaults(tipwire_server_settings *settings);

/* Sets a server up for a connection that was accepted. settings may be NULL for the defaults. The
 * buffers are the session's from then on, and may be small: frames that do not fit are too large. An
 * output of less than 64 bytes, or an input of less than 2, is TIPWIRE_E_BUFFER. */
int32_t tipwire_server_init(tipwire_server *server,
                            const tipwire_server_settings *settings,
                            void *input,
                            size_t input_capacity,
                            void *output,
                            size_t output_capacity,
                            uint64_t now);

/* Takes the next event, going past what it takes of the bytes that were received, which may be NULL
 * for none. devices may be NULL: then no counters are enforced, and no envelope can be opened.
 * Returns 1 for an event, 0 when there is nothing more to tell, or a status. Where something is left
 * of the bytes then, there are answers to be given, or bytes to be sent, before it goes on. */
int32_t tipwire_server_next(tipwire_server *server,
                            tipwire_text *received,
                            uint64_t now,
                            const tipwire_devices *devices,
                            tipwire_server_event *event);

/* Answers a request, the oldest one that has no answer yet, as write writes it: by one of
 * tipwire_answer(), tipwire_answer_count(), tipwire_answer_text() and tipwire_answer_list(). It has
 * the counter of the request already. An answer in an envelope is sealed with a key of devices, which
 * else may be NULL; as may error.
 *
 * TIPWIRE_E_TURN is another request than the oldest; TIPWIRE_E_FULL says that bytes have to be sent
 * first, and TIPWIRE_E_CLOSED that it is too late. After any error the request has no answer yet. */
int32_t tipwire_server_answer(tipwire_server *server,
                              uint64_t ticket,
                              const tipwire_devices *devices,
                              tipwire_write write,
                              void *context,
                              tipwire_error *error);

/* Answers a request with an answer that was written elsewhere, as by tipwire_reply_begin(). Its
 * counter is made that of the request. Otherwise as tipwire_server_answer(). */
int32_t tipwire_server_answer_with(tipwire_server *server,
                                   uint64_t ticket,
                                   const tipwire_devices *devices,
                                   const void *answer,
                                   size_t length,
                                   tipwire_error *error);

/* Answers a request with the code of an error of the protocol, such as "server_error"; others are
 * TIPWIRE_E_ARGUMENT. Otherwise as tipwire_server_answer(). */
int32_t tipwire_server_refuse(tipwire_server *server,
                              uint64_t ticket,
                              const tipwire_devices *devices,
                              const char *code);

/* Sends a command that the device did not ask for. In an envelope it is for the device that sent the
 * last one. Otherwise as tipwire_server_answer(). */
int32_t tipwire_server_command(tipwire_server *server,
                               const tipwire_devices *devices,
                               const char *command);

/* What is to be sent now. A datagram is to be sent as a whole. */
tipwire_text tipwire_server_output(const tipwire_server *server);

/* The first count bytes of tipwire_server_output() have been sent. */
int32_t tipwire_server_sent(tipwire_server *server, size_t count);

/* When tipwire_server_timeout() is to be called; TIPWIRE_NEVER if it need not be, and on failure. */
uint64_t tipwire_server_deadline(const tipwire_server *server);

/* Ends the connection if it was silent for too long, or has lived long enough: as soon as every
 * request has its answer. Does nothing before the time. */
int32_t tipwire_server_timeout(tipwire_server *server, uint64_t now);

/* Ends the connection for a reason of the caller's, the code of an error of the protocol, as soon as
 * every request has its answer. */
int32_t tipwire_server_close(tipwire_server *server, const char *code);

/* How many requests have no answer yet, or a status. */
int32_t tipwire_server_unanswered(const tipwire_server *server);

/* Whether it is over: once tipwire_server_output() is sent, the connection is to be closed. */
bool tipwire_server_is_closed(const tipwire_server *server);

/* TIPWIRE_MODE_UNKNOWN, TIPWIRE_MODE_TEXT or TIPWIRE_MODE_ENVELOPES, as the first byte has it. */
uint8_t tipwire_server_mode(const tipwire_server *server);

/* ThingsPanel ------------------------------------------------------------------------------------
 *
 * What its services of TCP and MQTT take and give. On the port of the official protocol a packet is a
 * header of eight bytes and a payload: the splitter "packets" cuts streams of them. A connection
 * begins with an access token; success is silent, a failure is one of the texts below, and the end of
 * the connection. On the port of custom protocols the first message is the token, and everything
 * after it the device's own.
 *
 * Values are JSON objects such as {"temperature":36.5}. Parts of JSON that are read are slices of it:
 * texts for tipwire_unescape_json(), objects of values for tipwire_put_values().
 */

/* Types of packets: with a payload, or to keep a connection alive. */
#define TIPWIRE_PACKET_DATA 0
#define TIPWIRE_PACKET_HEARTBEAT 1

/* Commands of packets: the payload is an access token, a JSON object of attributes, or one of a method
 * and its params. */
#define TIPWIRE_PACKET_AUTH 0
#define TIPWIRE_PACKET_ATTRIBUTES 1
#define TIPWIRE_PACKET_EVENTS 2

/* Channels of topics. */
#define TIPWIRE_CHANNEL_TELEMETRY 0
#define TIPWIRE_CHANNEL_ATTRIBUTES 1
#define TIPWIRE_CHANNEL_EVENT 2

#if defined(TIPWIRE_64)
#define TIPWIRE_SUB_DEVICES_WORDS 3
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_SUB_DEVICES_WORDS 2
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_SUB_DEVICES_WORDS 1
#endif

#if defined(TIPWIRE_64)
#define TIPWIRE_RAW_MESSAGE_WORDS 6
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_RAW_MESSAGE_WORDS 3
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_RAW_MESSAGE_WORDS 2
#endif

/* A packet. Unknown types and commands are kept as they are. The payload may be any bytes. */
typedef struct tipwire_packet {
  uint8_t type;
  uint8_t command;
  tipwire_text payload;
} tipwire_packet;

/* A device behind a gateway, its values being those of a frame. */
typedef struct tipwire_sub_device {
  tipwire_text address;
  const tipwire_frame *frame;
} tipwire_sub_device;

/* A topic of MQTT: devices/telemetry, devices/attributes/{id}, devices/event/{id}; those of gateways
 * begin with gateway/.
 *
 * is_gateway  whether a gateway publishes there.
 * channel     TIPWIRE_CHANNEL_….
 * id          the message's id, which the sender chooses; absent with telemetry. */
typedef struct tipwire_thingspanel_topic {
  uint8_t is_gateway;
  uint8_t channel;
  tipwire_text id;
} tipwire_thingspanel_topic;

/* An event: what happened, and what is known of it, which may be absent. */
typedef struct tipwire_event {
  tipwire_text method;
  tipwire_text params;
} tipwire_event;

/* What is left of the devices behind a gateway. */
typedef struct tipwire_sub_devices {
  uint64_t inside[TIPWIRE_SUB_DEVICES_WORDS];
} tipwire_sub_devices;

/* What a gateway sends over MQTT: its own values, and for tipwire_sub_devices_of() those of the
 * devices behind it. Both may be absent. */
typedef struct tipwire_gateway {
  tipwire_text own;
  tipwire_text devices;
} tipwire_gateway;

/* The platform's envelope of a message on the port of custom protocols. */
typedef struct tipwire_raw_message {
  uint64_t inside[TIPWIRE_RAW_MESSAGE_WORDS];
  tipwire_text token;
} tipwire_raw_message;

/* Reads one whole packet; its payload is a slice of it. error may be NULL. */
int32_t tipwire_parse_packet(const void *bytes,
                             size_t length,
                             tipwire_packet *packet,
                             tipwire_error *error);

/* Writes a packet, its length computed. Returns how long it is, or a status. */
int32_t tipwire_write_packet(const tipwire_packet *packet, void *out, size_t capacity);

/* Writes the data points of a frame as attributes or telemetry, without a NUL:
 * {"temperature":36.5,"humidity":52}. Returns its length, or a status. */
int32_t tipwire_thingspanel_values(const tipwire_frame *frame, void *out, size_t capacity);

/* Writes an event, its params being the data points of a frame: {"method":"…","params":{…}}. Otherwise
 * as tipwire_thingspanel_values(). */
int32_t tipwire_thingspanel_event(const char *method,
                                  const tipwire_frame *frame,
                                  void *out,
                                  size_t capacity);

/* Writes what a gateway sends in packets: {"<address of a device>":{…},…}. Otherwise as
 * tipwire_thingspanel_values(). */
int32_t tipwire_thingspanel_sub_devices(const tipwire_sub_device *devices,
                                        size_t count,
                                        void *out,
                                        size_t capacity);

/* Writes what a gateway sends over MQTT, the data points of own being its own values:
 * {"gateway_data":{…},"sub_device_data":{"<address>":{…}}}. Otherwise as
 * tipwire_thingspanel_values(). */
int32_t tipwire_thingspanel_gateway(const tipwire_frame *own,
                                    const tipwire_sub_device *devices,
                                    size_t count,
                                    void *out,
                                    size_t capacity);

/* Writes the platform's envelope of a message, which may be any bytes:
 * {"token":"…","values":"<base64>"}. Otherwise as tipwire_thingspanel_values(). */
int32_t tipwire_thingspanel_raw(const char *token,
                                const void *message,
                                size_t length,
                                void *out,
                                size_t capacity);

/* Writes a topic, without a NUL. Returns its length, or a status. */
int32_t tipwire_write_thingspanel_topic(const tipwire_thingspanel_topic *topic,
                                        void *out,
                                        size_t capacity);

/* Reads a topic, which ends with a NUL. */
int32_t tipwire_parse_thingspanel_topic(const char *text, tipwire_thingspanel_topic *topic);

/* Reads an event; params may be missing, the method may not. */
int32_t tipwire_parse_event(const void *json, size_t length, tipwire_event *event);

/* Sets devices to those of an object of values by addresses, for tipwire_next_sub_device(). */
int32_t tipwire_sub_devices_of(const void *json,
                               size_t length,
                               tipwire_sub_devices *devices);

/* Takes the next device: its address and its values. Returns 1, or 0 at the end; TIPWIRE_E_TYPE for
 * what has no values, after which it goes on. */
int32_t tipwire_next_sub_device(tipwire_sub_devices *devices,
                                tipwire_text *address,
                                tipwire_text *values);

/* Reads what a gateway sends over MQTT. */
int32_t tipwire_parse_gateway(const void *json, size_t length, tipwire_gateway *gateway);

/* Reads the platform's envelope of a message. */
int32_t tipwire_parse_raw_message(const void *json,
                                  size_t length,
                                  tipwire_raw_message *message);

/* Writes the bytes of the message. Returns how many, or a status. */
int32_t tipwire_decode_raw_message(const tipwire_raw_message *message,
                                   void *out,
                                   size_t capacity);

/* Sets token to what the first message on the port of custom protocols is: without what surrounds it
 * of LF and CR. */
int32_t tipwire_raw_token(const void *message, size_t length, tipwire_text *token);

/* Writes the values of an object into a PUSH, as variables of their names. What a frame cannot say is
 * an error of the frame. */
int32_t tipwire_put_values(tipwire_writer *writer, const char *json, size_t length);
#define TIPWIRE_THINGSPANEL_DEVICE_NOT_FOUND "RPC:device not found"
#define TIPWIRE_THINGSPANEL_NOT_AUTHORIZED "MQTT: device auth failed"
#define TIPWIRE_THINGSPANEL_NOT_A_PACKET "error"
#define TIPWIRE_THINGSPANEL_REGISTER_FAILED "register failed"


/* ThingsBoard ------------------------------------------------------------------------------------
 *
 * Its TCP integration cuts a stream into messages, as a splitter does, and a converter makes each of
 * them an uplink object: of which device, with what telemetry and attributes. What TagoTiP devices
 * send becomes telemetry for its MQTT topics.
 *
 * Parts of JSON that are read are slices of it: texts for tipwire_unescape_json().
 */

#if defined(TIPWIRE_64)
#define TIPWIRE_CONVERTER_WORDS 9
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_CONVERTER_WORDS 5
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_CONVERTER_WORDS 4
#endif

#define TIPWIRE_CONVERTER_SIZE (TIPWIRE_CONVERTER_WORDS * 8)

#if defined(TIPWIRE_64)
#define TIPWIRE_CONVERTER_FIELD_WORDS 10
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_CONVERTER_FIELD_WORDS 7
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_CONVERTER_FIELD_WORDS 5
#endif

#if defined(TIPWIRE_64)
#define TIPWIRE_UPLINKS_WORDS 3
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_UPLINKS_WORDS 2
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_UPLINKS_WORDS 1
#endif

#if defined(TIPWIRE_64)
#define TIPWIRE_UPLINK_WORDS 10
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_UPLINK_WORDS 5
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_UPLINK_WORDS 3
#endif

#if defined(TIPWIRE_64)
#define TIPWIRE_ENTRIES_WORDS 8
#endif

#if defined(TIPWIRE_32)
#define TIPWIRE_ENTRIES_WORDS 5
#endif

#if defined(TIPWIRE_16)
#define TIPWIRE_ENTRIES_WORDS 3
#endif

/* A converter. It is not to be copied. */
typedef struct tipwire_converter {
  uint64_t storage[TIPWIRE_CONVERTER_WORDS];
} tipwire_converter;

/* Room for one field of a binary converter. */
typedef struct tipwire_converter_field {
  uint64_t storage[TIPWIRE_CONVERTER_FIELD_WORDS];
} tipwire_converter_field;

/* Why a message does not fit its converter, or JSON is not what it should be.
 *
 * status  what is wrong.
 * at      the byte; the length where something is missing.
 * field   the field: a key of the uplink object, of the telemetry, or of the settings; "message" where
 *         it is the message as a whole. A slice of the message or the settings, or for ever. */
typedef struct tipwire_convert_error {
  int32_t status;
  int32_t at;
  tipwire_text field;
} tipwire_convert_error;

/* What is left of some uplink objects. */
typedef struct tipwire_uplinks {
  uint64_t inside[TIPWIRE_UPLINKS_WORDS];
} tipwire_uplinks;

/* An uplink object: the name of the device, or of the asset, and its type, which may be absent. */
typedef struct tipwire_uplink {
  uint64_t inside[TIPWIRE_UPLINK_WORDS];
  tipwire_text name;
  tipwire_text type;
  uint8_t is_asset;
} tipwire_uplink;

/* What is left of telemetry or attributes. */
typedef struct tipwire_entries {
  uint64_t inside[TIPWIRE_ENTRIES_WORDS];
} tipwire_entries;

/* A value of telemetry or attributes.
 *
 * key        its key.
 * value      the value: of a string what stands between its quotes, of others their JSON.
 * time       in UNIX milliseconds, if has_time.
 * is_string  whether it is a string. */
typedef struct tipwire_entry {
  tipwire_text key;
  tipwire_text value;
  uint64_t time;
  uint8_t has_time;
  uint8_t is_string;
} tipwire_entry;

/* TIPWIRE_CONVERTER_SIZE. */
size_t tipwire_converter_size(void);

/* Sets a converter up. name is "text", "json" or "binary"; settings are a JSON object, or "" for the
 * defaults, and stay the converter's: docs/spec/thingsboard.md has them. TIPWIRE_E_TYPE is another
 * name; TIPWIRE_E_INVALID_SETTINGS settings that there are not, or that can never work.
 *
 * fields is room for the fields of a binary converter, texts for the bytes of those texts of settings
 * that have escapes; either is the converter's from then on, or may be NULL where there are none.
 * TIPWIRE_E_BUFFER is too little room. */
int32_t tipwire_converter_init(tipwire_converter *converter,
                               const char *name,
                               const char *settings,
                               tipwire_converter_field *fields,
                               size_t field_count,
                               void *texts,
                               size_t capacity);

/* Writes what a converter makes of a message, without a NUL: an uplink object, or a list of them.
 * error may be NULL. Returns its length, or why the message does not fit. */
int32_t tipwire_convert(const tipwire_converter *converter,
                        const void *message,
                        size_t length,
                        void *out,
                        size_t capacity,
                        tipwire_convert_error *error);

/* Writes the data points of a frame as telemetry, without a NUL: [{"ts":5,"values":{"t":1.5}}], for
 * TIPWIRE_THINGSBOARD_DEVICE_TOPIC. With details, unit, group, location and metadata are values too.
 * Returns its length, or a status. */
int32_t tipwire_thingsboard_telemetry(const tipwire_frame *frame,
                                      bool details,
                                      void *out,
                                      size_t capacity);

/* Writes it as a gateway publishes it for a device behind it: {"SN-002":[…]}, for
 * TIPWIRE_THINGSBOARD_GATEWAY_TOPIC. Otherwise as tipwire_thingsboard_telemetry(). */
int32_t tipwire_thingsboard_gateway_telemetry(const char *device,
                                              const tipwire_frame *frame,
                                              bool details,
                                              void *out,
                                              size_t capacity);

/* Writes a frame as an uplink object, the serial as the name of the device. Otherwise as
 * tipwire_thingsboard_telemetry(). */
int32_t tipwire_thingsboard_uplink(const tipwire_frame *frame,
                                   bool details,
                                   void *out,
                                   size_t capacity);

/* Writes the bytes that a downlink, {"contentType":…,"data":…,"metadata":{…}}, sends to a device: its
 * data and a line feed. error may be NULL. Returns how many, or a status. */
int32_t tipwire_thingsboard_downlink(const char *json,
                                     size_t length,
                                     void *out,
                                     size_t capacity,
                                     tipwire_convert_error *error);

/* Reads and checks uplink objects, as converters and others make them: one, or a list of them. Sets
 * uplinks to them, for tipwire_next_uplink(). error may be NULL. */
int32_t tipwire_uplinks_of(const char *json,
                           size_t length,
                           tipwire_uplinks *uplinks,
                           tipwire_convert_error *error);

/* Takes the next uplink object. Returns 1, or 0 at the end. */
int32_t tipwire_next_uplink(tipwire_uplinks *uplinks, tipwire_uplink *uplink);

/* Sets entries to the telemetry of an uplink object, for tipwire_next_entry(). */
int32_t tipwire_telemetry_of(const tipwire_uplink *uplink, tipwire_entries *entries);

/* Sets entries to the attributes of an uplink object. */
int32_t tipwire_attributes_of(const tipwire_uplink *uplink, tipwire_entries *entries);

/* Takes the next value. Returns 1, or 0 at the end. */
int32_t tipwire_next_entry(tipwire_entries *entries, tipwire_entry *entry);

/* Writes the telemetry of an uplink object into a PUSH, each value as a variable. What a frame cannot
 * say is an error of the frame. */
int32_t tipwire_put_uplink(tipwire_writer *writer, const tipwire_uplink *uplink);
#define TIPWIRE_THINGSBOARD_DEVICE_TOPIC "v1/devices/me/telemetry"
#define TIPWIRE_THINGSBOARD_GATEWAY_TOPIC "v1/gateway/telemetry"


/* TagoIO over HTTP and MQTT ----------------------------------------------------------------------
 *
 * The same frames as HTTP requests and as MQTT messages, in the parts that libraries take and give:
 * for a device that can only do HTTP, a bridge from a plain socket to a broker, or a server that takes
 * all of them and knows only frames.
 */

/* A request. What is absent is empty.
 *
 * method         "POST", "GET" or "HEAD".
 * path           without query: /v1/tip/{serial}, or /v1/tips for an envelope.
 * query          without its ?: "variables=a,b", or nothing.
 * authorization  the value of the header Authorization; nothing with an envelope, which has its own.
 * body           text, or an envelope (application/octet-stream). */
typedef struct tipwire_http_request {
  tipwire_text method;
  tipwire_text path;
  tipwire_text query;
  tipwire_text authorization;
  tipwire_text body;
} tipwire_http_request;

/* A response.
 *
 * status   200, 204, 401 and so on.
 * command  the value of the header X-TagoTiP-CMD; absent if there is none.
 * body     what follows the status of the answer, a bare error code, or an envelope. */
typedef struct tipwire_http_response {
  uint16_t status;
  tipwire_text command;
  tipwire_text body;
} tipwire_http_response;

/* What is published where over MQTT. The payload may be any bytes. */
typedef struct tipwire_mqtt_message {
  tipwire_text topic;
  tipwire_text payload;
} tipwire_mqtt_message;

/* A topic of MQTT: $tip/{serial}/push, pull or ack; those of envelopes begin with $tips.
 *
 * is_sealed  whether envelopes go there.
 * channel    TIPWIRE_PUSH, TIPWIRE_PULL or TIPWIRE_ACK.
 * serial     the device. */
typedef struct tipwire_tagoio_topic {
  uint8_t is_sealed;
  uint8_t channel;
  tipwire_text serial;
} tipwire_tagoio_topic;

/* Sets request to what says the same as a frame, without its counter; in the place of a token goes the
 * token's hash. Path, query and header are written into the buffer, which 256 bytes and the length of
 * the frame are always enough for; the body is a slice of the frame. error may be NULL. */
int32_t tipwire_frame_to_http(const void *frame,
                              size_t length,
                              void *out,
                              size_t capacity,
                              tipwire_http_request *request,
                              tipwire_error *error);

/* Writes the frame that says what a request says, which may be anything. error may be NULL. Returns its
 * length, or what is wrong. */
int32_t tipwire_http_to_frame(const tipwire_http_request *request,
                              void *out,
                              size_t capacity,
                              tipwire_error *error);

/* Sets request to the one that carries an envelope. */
int32_t tipwire_envelope_to_http(const void *envelope,
                                 size_t length,
                                 tipwire_http_request *request);

/* Sets envelope to the one that a request carries. Returns 1, or 0 where it carries none. */
int32_t tipwire_http_envelope(const tipwire_http_request *request, tipwire_text *envelope);

/* Sets response to what says the same as an answer, without its counter. error may be NULL. */
int32_t tipwire_ack_to_http(const void *ack,
                            size_t length,
                            tipwire_http_response *response,
                            tipwire_error *error);

/* Sets response to the one of a server that could not take a request for this reason, a status such
 * as tipwire_http_to_frame() returns. */
int32_t tipwire_status_to_http(int32_t status, tipwire_http_response *response);

/* Sets response to the one that carries an envelope. */
int32_t tipwire_envelope_to_http_response(const void *envelope,
                                          size_t length,
                                          tipwire_http_response *response);

/* Writes the answer that says what the response to a request of this method says (TIPWIRE_PUSH,
 * TIPWIRE_PULL or TIPWIRE_PING), which may be anything. seq is the counter that the request had, or
 * NULL. error may be NULL. Returns its length, or what is wrong. */
int32_t tipwire_http_to_ack(const tipwire_http_response *response,
                            uint8_t method,
                            const uint32_t *seq,
                            void *out,
                            size_t capacity,
                            tipwire_error *error);

/* Sets message to what says the same as a frame. Topic and payload are slices of the frame or of the
 * buffer, which 256 bytes and the length of the frame are always enough for. There is none for a PING,
 * which MQTT has its own of: that is TIPWIRE_E_MISPLACED. error may be NULL. */
int32_t tipwire_frame_to_mqtt(const void *frame,
                              size_t length,
                              void *out,
                              size_t capacity,
                              tipwire_mqtt_message *message,
                              tipwire_error *error);

/* Sets message to what says an answer to a device. The buffer takes the topic. error may be NULL. */
int32_t tipwire_ack_to_mqtt(const void *ack,
                            size_t length,
                            const char *serial,
                            void *out,
                            size_t capacity,
                            tipwire_mqtt_message *message,
                            tipwire_error *error);

/* Sets message to the one that carries an envelope from or to a device, by its method. The buffer takes
 * the topic. */
int32_t tipwire_envelope_to_mqtt(const void *envelope,
                                 size_t length,
                                 const char *serial,
                                 uint8_t method,
                                 void *out,
                                 size_t capacity,
                                 tipwire_mqtt_message *message);

/* Sets envelope to the one that a message carries. Returns 1, or 0 where it carries none. */
int32_t tipwire_mqtt_envelope(const tipwire_mqtt_message *message, tipwire_text *envelope);

/* Writes the frame that a device means by a message, which may be anything; auth is the hash that it
 * logged in with. error may be NULL. Returns its length, or what is wrong. */
int32_t tipwire_mqtt_to_frame(const tipwire_mqtt_message *message,
                              const char *auth,
                              void *out,
                              size_t capacity,
                              tipwire_error *error);

/* Writes the answer that a server means by a message. Otherwise as tipwire_mqtt_to_frame(). */
int32_t tipwire_mqtt_to_ack(const tipwire_mqtt_message *message,
                            void *out,
                            size_t capacity,
                            tipwire_error *error);

/* Writes a topic, without a NUL. Returns its length, or a status. */
int32_t tipwire_write_tagoio_topic(const tipwire_tagoio_topic *topic,
                                   void *out,
                                   size_t capacity);

/* Reads a topic, which ends with a NUL. */
int32_t tipwire_parse_tagoio_topic(const char *text, tipwire_tagoio_topic *topic);

/* Sets user and password to what a device logs in with over MQTT: the halves of its hash, which ends
 * with a NUL. */
int32_t tipwire_mqtt_login(const char *hash, tipwire_text *user, tipwire_text *password);

/* Sets hash to the one that a user and a password are the halves of; they end with a NUL. */
int32_t tipwire_mqtt_hash(const char *user, const char *password, tipwire_hash *hash);

/* Firmware --------------------------------------------------------------------------------------
 *
 * Builds without an operating system call this if there is a bug in tipwire. There is a weak one that
 * stops there; a program may have its own, which must not return. Elsewhere TIPWIRE_E_PANIC is
 * returned instead.
 */

#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void tipwire_panicked(void);

#ifdef __cplusplus
}
#endif

#endif /* TIPWIRE_H */
