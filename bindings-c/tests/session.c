/* Sessions: conversations with a clock that the test turns. C99, C11 and C++17 alike. */
#include "check.h"

static char queue[256], input[96];

static tipwire_text text_of(const char *text) {
  tipwire_text found = {text, strlen(text)};
  return found;
}

/* The next event, of what a server says; it must be of this type. */
static tipwire_client_event expect(tipwire_client *client, const char *said, uint64_t now, int type) {
  tipwire_client_event event;
  tipwire_text received = text_of(said);
  CHECK(tipwire_client_next(client, &received, now, &event) == 1);
  CHECK(event.type == type && (received.length == 0 || type == TIPWIRE_COMMAND));
  return event;
}

static void expect_nothing(tipwire_client *client, uint64_t now) {
  tipwire_client_event event;
  CHECK(tipwire_client_next(client, NULL, now, &event) == 0);
}

static void expect_output(tipwire_client *client, const char *wanted, uint64_t now) {
  tipwire_text output = tipwire_client_output(client);
  CHECK(tipwire_equals(output, wanted));
  CHECK(tipwire_client_sent(client, output.length, now) == 0);
  CHECK(tipwire_client_output(client).length == 0);
}

static void write_temperature(tipwire_writer *w, void *context) {
  tipwire_number(w, "temperature", *(const double *)context, 1);
  tipwire_unit(w, "C");
}

static void write_names(tipwire_writer *w, void *context) {
  tipwire_name(w, (const char *)context);
  tipwire_name(w, "h");
}

static void requests_are_numbered_sent_and_answered(void) {
  char frame[64];
  double celsius = 32.456;
  tipwire_client client;
  tipwire_client_settings settings;
  tipwire_client_event event;
  tipwire_queued queued;
  tipwire_variables variables;
  tipwire_variable variable;
  tipwire_writer w;
  CHECK(tipwire_client_defaults(&settings) == 0 && settings.next_number == 1);
  settings.next_number = 7;
  CHECK(tipwire_client_init(&client, &settings, AUTH, SERIAL, queue, sizeof queue, input,
                            sizeof input) == 0);
  CHECK(!tipwire_client_is_connected(&client) && tipwire_client_is_idle(&client));
  expect(&client, "", 0, TIPWIRE_CONNECT);
  expect_nothing(&client, 0);
  CHECK(tipwire_client_connected(&client, 20) == 0 && tipwire_client_is_connected(&client));

  CHECK(tipwire_client_push(&client, 25, write_temperature, &celsius, &queued, NULL) == 0);
  CHECK(queued.number == 7 && !queued.has_dropped && tipwire_client_next_number(&client) == 8);
  expect_output(&client, "PUSH|!7|" AUTH "|" SERIAL "|[temperature:=32.5#C]\n", 26);
  CHECK(tipwire_client_deadline(&client) == 10025);

  char pulled[] = "t";
  tipwire_ping_begin(&w, frame, sizeof frame, AUTH, SERIAL);
  CHECK(tipwire_client_send(&client, frame, (size_t)tipwire_finish_line(&w), 27, NULL, NULL) == 0);
  CHECK(tipwire_client_pull(&client, 27, write_names, pulled, &queued, NULL) == 0);
  CHECK(tipwire_client_ping(&client, 28, &queued, NULL) == 0 && queued.number == 10);
  expect_output(&client,
                "PING|!8|" AUTH "|" SERIAL "\nPULL|!9|" AUTH "|" SERIAL "|[t;h]\nPING|!10|" AUTH
                "|" SERIAL "\n",
                28);

  /* An answer in two parts, after a command. */
  event = expect(&client, "ACK|CMD|reboot\nACK|!7|", 30, TIPWIRE_COMMAND);
  CHECK(tipwire_equals(event.text, "reboot") && !event.has_number);
  tipwire_text rest = text_of("ACK|!7|OK|1\nACK|!8|PONG\nACK|!9|OK|[t:=1;h:=2]\n");
  CHECK(tipwire_client_next(&client, &rest, 31, &event) == 1 && event.type == TIPWIRE_ANSWER);
  CHECK(event.number == 7 && event.method == TIPWIRE_PUSH && event.is_done && !event.is_repeated);
  CHECK(event.ack.detail == TIPWIRE_DETAIL_COUNT && event.ack.count == 1);
  CHECK(tipwire_client_next(&client, &rest, 31, &event) == 1 && event.method == TIPWIRE_PING);
  CHECK(event.ack.status == TIPWIRE_PONG);
  CHECK(tipwire_client_next(&client, &rest, 31, &event) == 1 && event.method == TIPWIRE_PULL);
  CHECK(tipwire_ack_variables_of(&event.ack, &variables) == 0);
  CHECK(tipwire_next(&variables, &variable) == 1 && tipwire_equals(variable.name, "t"));
  CHECK(tipwire_client_next(&client, &rest, 31, &event) == 0 && rest.length == 0);
  event = expect(&client, "ACK|!10|CMD|sleep\n", 32, TIPWIRE_COMMAND);
  CHECK(event.has_number && event.number == 10 && tipwire_client_is_idle(&client));
  event = expect(&client, "ACK|!9|OK\n", 33, TIPWIRE_EXTRA);
  CHECK(event.ack.seq == 9);
  event = expect(&client, "ACK|!9|WHAT\n", 34, TIPWIRE_UNREADABLE);
  CHECK(event.error.status == TIPWIRE_E_STATUS && event.error.at == 7);
  event = expect(&client, "", 34, TIPWIRE_DISCONNECT);
  CHECK(event.reason == TIPWIRE_REASON_UNREADABLE);
}

static void what_got_no_answer_is_sent_again_on_the_next_connection(void) {
  double celsius = 1;
  tipwire_client client;
  tipwire_client_event event;
  CHECK(tipwire_client_init(&client, NULL, AUTH, SERIAL, queue, sizeof queue, input, sizeof input) == 0);
  expect(&client, "", 0, TIPWIRE_CONNECT);
  CHECK(tipwire_client_disconnected(&client, 5) == 0);
  uint64_t again = tipwire_client_deadline(&client);
  CHECK(again >= 505 && again <= 1005);
  expect_nothing(&client, again - 1);
  expect(&client, "", again, TIPWIRE_CONNECT);
  tipwire_client_connected(&client, again);
  tipwire_client_push(&client, again, write_temperature, &celsius, NULL, NULL);
  const char *line = "PUSH|!1|" AUTH "|" SERIAL "|[temperature:=1.0#C]\n";
  expect_output(&client, line, again);
  CHECK(tipwire_client_timeout(&client, again + 9999) == 0);
  expect_nothing(&client, again + 9999);
  CHECK(tipwire_client_timeout(&client, again + 10000) == 0);
  event = expect(&client, "", again + 10000, TIPWIRE_DISCONNECT);
  CHECK(event.reason == TIPWIRE_REASON_TIMEOUT && tipwire_client_output(&client).length == 0);
  uint64_t later = tipwire_client_deadline(&client);
  CHECK(later > again + 10000);
  expect(&client, "", later, TIPWIRE_CONNECT);
  tipwire_client_connected(&client, later);
  expect_output(&client, line, later);
  event = expect(&client, "ACK|!1|ERR|invalid_seq\n", later, TIPWIRE_ANSWER);
  CHECK(event.is_repeated && event.is_done && event.ack.status == TIPWIRE_ERR);
  /* Silence is broken before the server minds it. */
  CHECK(tipwire_client_deadline(&client) == later + 15000);
  tipwire_client_timeout(&client, later + 15000);
  expect_output(&client, "PING|!2|" AUTH "|" SERIAL "\n", later + 15000);
  expect(&client, "ACK|!2|PONG\n", later + 15010, TIPWIRE_EXTRA);
  expect(&client, "ACK|ERR|ttl_expired\n", later + 15020, TIPWIRE_EXTRA);
  event = expect(&client, "", later + 15020, TIPWIRE_DISCONNECT);
  CHECK(event.reason == TIPWIRE_REASON_CLOSING && tipwire_equals(event.text, "ttl_expired"));
  CHECK(tipwire_client_close(&client) == 0 && tipwire_client_deadline(&client) == TIPWIRE_NEVER);
  expect_nothing(&client, later + 99999);
  CHECK(tipwire_client_open(&client, later + 99999) == 0);
  expect(&client, "", later + 99999, TIPWIRE_CONNECT);
}

static void a_full_queue_refuses_or_drops_the_oldest(void) {
  double celsius = 20;
  for (uint8_t overflow = 0; overflow < 2; overflow++) {
    tipwire_client client;
    tipwire_client_settings settings;
    tipwire_queued queued;
    tipwire_error error;
    int32_t status = 0;
    tipwire_client_defaults(&settings);
    settings.overflow = overflow;
    CHECK(tipwire_client_init(&client, &settings, AUTH, SERIAL, queue, sizeof queue, input, sizeof input) == 0);
    for (int count = 0; count < 10; count++) {
      memset(&queued, 0x5a, sizeof queued);
      status = tipwire_client_push(&client, 0, write_temperature, &celsius, &queued, &error);
    }
    if (overflow == TIPWIRE_DROP_OLDEST) {
      CHECK(status == 0 && queued.number == 10 && queued.has_dropped);
      CHECK(queued.first_dropped >= 5 && queued.last_dropped == queued.first_dropped);
    } else {
      CHECK(status == TIPWIRE_E_FULL && error.status == TIPWIRE_E_FULL);
      CHECK(queued.number == 0x5a5a5a5au && tipwire_client_next_number(&client) < 6);
    }
  }
}

static void write_wrong(tipwire_writer *w, void *context) {
  tipwire_integer(w, "t", 1);
  if (context == NULL) {
    tipwire_string(w, "s", "\xff");
  } else {
    CHECK(tipwire_finish(w) == TIPWIRE_E_MISPLACED && tipwire_seq(w, 5) == TIPWIRE_E_MISPLACED);
  }
}

static void write_nothing(tipwire_writer *w, void *context) {
  (void)w;
  (void)context;
}

static void what_is_wrong_is_not_queued(void) {
  char room[8];
  tipwire_client client;
  tipwire_client_settings settings;
  tipwire_client_event event;
  tipwire_error error;
  CHECK(tipwire_client_init(&client, NULL, "x", SERIAL, queue, sizeof queue, input, sizeof input) ==
        TIPWIRE_E_AUTH);
  CHECK(tipwire_client_init(&client, NULL, AUTH, SERIAL, room, sizeof room, input, sizeof input) ==
        TIPWIRE_E_BUFFER);
  tipwire_client_defaults(&settings);
  settings.transport = 2;
  CHECK(tipwire_client_init(&client, &settings, AUTH, SERIAL, queue, sizeof queue, input,
                            sizeof input) == TIPWIRE_E_ARGUMENT);
  settings.transport = TIPWIRE_STREAM, settings.overflow = 2;
  CHECK(tipwire_client_init(&client, &settings, AUTH, SERIAL, queue, sizeof queue, input,
                            sizeof input) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_client_init(&client, NULL, AUTH, SERIAL, queue, sizeof queue, input, sizeof input) == 0);
  CHECK(tipwire_client_push(&client, 0, write_wrong, NULL, NULL, &error) == TIPWIRE_E_UTF8);
  CHECK(tipwire_client_push(&client, 0, write_wrong, room, NULL, &error) == TIPWIRE_E_MISPLACED);
  CHECK(error.status == TIPWIRE_E_MISPLACED);
  CHECK(tipwire_client_push(&client, 0, write_nothing, NULL, NULL, &error) == TIPWIRE_E_EMPTY);
  CHECK(tipwire_client_pull(&client, 0, write_wrong, NULL, NULL, &error) == TIPWIRE_E_MISPLACED);
  CHECK(tipwire_client_push(&client, 0, NULL, NULL, NULL, &error) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_client_send(&client, "PING|x", 6, 0, NULL, &error) == TIPWIRE_E_AUTH);
  CHECK(tipwire_client_send(&client, NULL, 6, 0, NULL, &error) == TIPWIRE_E_ARGUMENT);
  CHECK(error.status == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_client_is_idle(&client) && tipwire_client_next_number(&client) == 1);
  CHECK(tipwire_client_reserve(&client, 0) == 1);
  CHECK(tipwire_client_ping(&client, 0, NULL, NULL) == TIPWIRE_E_COUNTER_UNRESERVED);
  CHECK(tipwire_client_reserve(&client, 100) == 101 && tipwire_client_ping(&client, 0, NULL, NULL) == 0);
  CHECK(tipwire_client_next(&client, NULL, 0, NULL) == TIPWIRE_E_ARGUMENT);

  CHECK(tipwire_client_push(NULL, 0, write_nothing, NULL, NULL, &error) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_client_next(NULL, NULL, 0, &event) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_client_output(NULL).data == NULL && tipwire_client_deadline(NULL) == TIPWIRE_NEVER);
  CHECK(tipwire_client_next_number(NULL) == 0 && tipwire_client_reserve(NULL, 1) == 0);
  CHECK(tipwire_client_sent(NULL, 1, 0) == TIPWIRE_E_ARGUMENT && !tipwire_client_is_idle(NULL));
  CHECK(tipwire_client_defaults(NULL) == TIPWIRE_E_ARGUMENT);
  memset(&client, 0, sizeof client);
  CHECK(tipwire_client_connected(&client, 0) == TIPWIRE_E_UNINITIALIZED);
}

static void sealed_requests_go_on_with_a_stored_counter(void) {
  unsigned char key[16], answer[64], sealed[64];
  double celsius = 21;
  tipwire_token token;
  tipwire_sealer sealer, server;
  tipwire_hash auth;
  tipwire_client client;
  tipwire_client_event event;
  tipwire_queued queued;
  tipwire_header header;
  tipwire_text inside;
  CHECK(tipwire_token_init(&token, TOKEN, NULL) == 0 && tipwire_token_hash(&token, &auth) == 0);
  CHECK(tipwire_derive_key(&token, SERIAL, key, sizeof key) == 0);
  CHECK(tipwire_sealer_init(&sealer, 0, 0, key, sizeof key, &token, SERIAL, 41) == 0);
  CHECK(tipwire_sealer_init_hash(&server, 0, 0, key, sizeof key, &auth, SERIAL, 0) == 0);
  CHECK(tipwire_client_init_sealed(&client, NULL, &sealer, queue, sizeof queue, input,
                                   sizeof input) == 0);
  CHECK(tipwire_client_next_number(&client) == 41 && tipwire_client_reserve(&client, 10) == 51);
  expect(&client, "", 0, TIPWIRE_CONNECT);
  tipwire_client_connected(&client, 0);
  CHECK(tipwire_client_push(&client, 0, write_temperature, &celsius, &queued, NULL) == 0);
  CHECK(queued.number == 41 && tipwire_client_next_number(&client) == 42);

  tipwire_text output = tipwire_client_output(&client);
  CHECK(output.length > 2 && output.length - 2 <= sizeof sealed);
  memcpy(sealed, output.data + 2, output.length - 2);
  CHECK(tipwire_sealer_open(&server, 0, sealed, output.length - 2, &header, &inside) == 0);
  CHECK(header.counter == 41 && header.method == TIPWIRE_PUSH);
  CHECK(tipwire_equals(inside, SERIAL "|[temperature:=21.0#C]"));
  tipwire_client_sent(&client, output.length, 0);

  int32_t length = tipwire_seal(&server, TIPWIRE_ACK, "OK|1", 4, answer + 2, sizeof answer - 2);
  CHECK(length > 0);
  answer[0] = 0, answer[1] = (unsigned char)length;
  tipwire_text received = {(const char *)answer, (size_t)length + 2};
  CHECK(tipwire_client_next(&client, &received, 5, &event) == 1 && event.type == TIPWIRE_ANSWER);
  CHECK(event.number == 41 && event.is_done && event.ack.count == 1);
  CHECK(tipwire_client_is_idle(&client));
  CHECK(tipwire_client_init_sealed(&client, NULL, NULL, queue, sizeof queue, input, sizeof input) ==
        TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_sealer_wipe(&sealer) == 0);
  CHECK(tipwire_client_init_sealed(&client, NULL, &sealer, queue, sizeof queue, input,
                                   sizeof input) == TIPWIRE_E_UNINITIALIZED);
}

static void datagrams_are_sent_again_until_they_are_answered(void) {
  tipwire_client client;
  tipwire_client_settings settings;
  tipwire_client_event event;
  tipwire_client_defaults(&settings);
  settings.transport = TIPWIRE_DATAGRAMS, settings.timeout = 1000, settings.attempts = 2;
  CHECK(tipwire_client_init(&client, &settings, AUTH, SERIAL, queue, sizeof queue, input,
                            sizeof input) == 0);
  expect(&client, "", 0, TIPWIRE_CONNECT);
  tipwire_client_connected(&client, 0);
  CHECK(tipwire_client_ping(&client, 0, NULL, NULL) == 0 && tipwire_client_ping(&client, 0, NULL, NULL) == 0);
  uint64_t now = 0;
  for (int sending = 0; sending < 2; sending++) {
    expect_output(&client, "PING|!1|" AUTH "|" SERIAL "\n", now);
    now = tipwire_client_deadline(&client);
    tipwire_client_timeout(&client, now);
  }
  event = expect(&client, "", now, TIPWIRE_LOST);
  CHECK(event.number == 1);
  expect_output(&client, "PING|!2|" AUTH "|" SERIAL "\n", now);
  event = expect(&client, "ACK|!2|PONG", now, TIPWIRE_ANSWER);
  CHECK(event.number == 2 && tipwire_client_is_idle(&client));
}


/* Devices --------------------------------------------------------------------------------------- */

struct device {
  tipwire_sequence sequence;
  tipwire_sealer sealer;
  int asked, sealed;
};

#ifdef __cplusplus
extern "C" {
#endif

static tipwire_sequence *sequence_of(void *context, const tipwire_device *who) {
  struct device *device = (struct device *)context;
  device->asked++;
  device->sealed = who->is_sealed;
  return tipwire_equals(who->auth, AUTH) && tipwire_equals(who->serial, SERIAL) ? &device->sequence : NULL;
}

static const tipwire_sealer *key_of(void *context, const tipwire_header *header, size_t nth, size_t *name) {
  struct device *device = (struct device *)context;
  *name = 7;
  return strcmp(header->auth.text, AUTH) == 0 && nth == 0 ? &device->sealer : NULL;
}

static tipwire_sealer *sealer_of(void *context, size_t name) {
  struct device *device = (struct device *)context;
  return name == 7 ? &device->sealer : NULL;
}

static void write_count(tipwire_writer *w, void *context) {
  tipwire_answer_count(w, *(const uint64_t *)context);
}

static void write_list(tipwire_writer *w, void *context) {
  (void)context;
  tipwire_answer_list(w);
  tipwire_number(w, "t", 21.5, 1);
  tipwire_unit(w, "C");
}

static const tipwire_opener *opener_of(void *context, const tipwire_header *header, size_t nth) {
  CHECK(strcmp(header->auth.text, AUTH) == 0);
  return nth < 2 ? (const tipwire_opener *)context + nth : NULL;
}

#ifdef __cplusplus
}
#endif

static tipwire_devices devices_of(struct device *device) {
  tipwire_devices devices = {device, sequence_of, key_of, sealer_of};
  return devices;
}

static char server_input[256], server_output[256];

static tipwire_server_event expect_of_server(tipwire_server *server, tipwire_text *received, uint64_t now,
                                             const tipwire_devices *devices, int type) {
  tipwire_server_event event;
  CHECK(tipwire_server_next(server, received, now, devices, &event) == 1 && event.type == type);
  return event;
}

static void nothing_of_server(tipwire_server *server, tipwire_text *received, const tipwire_devices *devices) {
  tipwire_server_event event;
  CHECK(tipwire_server_next(server, received, 0, devices, &event) == 0);
}

static void sequences_accept_what_they_should(void) {
  uint32_t last = 0;
  tipwire_sequence strict, window;
  memset(&strict, 0, sizeof strict);
  CHECK(tipwire_sequence_last(&strict, &last) == 0 && tipwire_sequence_is_fresh(&strict, 0) == 1);
  CHECK(tipwire_sequence_accept(&strict, 7) == 1 && tipwire_sequence_accept(&strict, 9) == 1);
  CHECK(tipwire_sequence_accept(&strict, 8) == 0 && tipwire_sequence_is_fresh(&strict, 9) == 0);
  CHECK(tipwire_sequence_retract(&strict, 9) == 0 && tipwire_sequence_accept(&strict, 9) == 1);
  CHECK(tipwire_sequence_last(&strict, &last) == 1 && last == 9);
  CHECK(tipwire_sequence_init(&window, 32) == 0 && tipwire_sequence_accept(&window, 9) == 1);
  CHECK(tipwire_sequence_accept(&window, 8) == 1 && tipwire_sequence_accept(&window, 8) == 0);
  memset(&window, 0xff, sizeof window);
  CHECK(tipwire_sequence_accept(&window, 10) == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_sequence_is_fresh(&window, 10) == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_sequence_retract(&window, 10) == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_sequence_last(&window, &last) == TIPWIRE_E_UNINITIALIZED && last == 9);
  CHECK(tipwire_sequence_accept(NULL, 10) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_sequence_init(NULL, 0) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_sequence_last(&strict, NULL) == TIPWIRE_E_ARGUMENT);
}

static void servers_answer_in_order(void) {
  uint64_t count = 2;
  static struct device device;
  tipwire_server server;
  tipwire_server_event first, second, event;
  tipwire_error error;
  tipwire_devices devices = devices_of(&device);
  tipwire_text received = text_of("PUSH|!7|" AUTH "|" SERIAL "|[t:=21.5;h:=60]\r\nPING|!8|" AUTH "|s2\n"
                                  "PING|!9|oops\nPULL|" AUTH "|" SERIAL "|[t]\nPUSH|!7|" AUTH "|"
                                  SERIAL "|[t:=1]\nPI");
  memset(&device, 0, sizeof device);
  CHECK(tipwire_server_init(&server, NULL, server_input, sizeof server_input, server_output,
                            sizeof server_output, 0) == 0);
  CHECK(tipwire_server_mode(&server) == TIPWIRE_MODE_UNKNOWN);
  first = expect_of_server(&server, &received, 0, &devices, TIPWIRE_REQUEST);
  CHECK(first.frame.method == TIPWIRE_PUSH && first.has_number && first.number == 7);
  CHECK(tipwire_equals(first.device.serial, SERIAL) && tipwire_equals(first.device.auth, AUTH));
  CHECK(!first.device.is_sealed && device.asked == 1 && !device.sealed);
  CHECK(tipwire_server_mode(&server) == TIPWIRE_MODE_TEXT);
  second = expect_of_server(&server, &received, 0, &devices, TIPWIRE_REQUEST);
  CHECK(second.frame.method == TIPWIRE_PING && tipwire_server_unanswered(&server) == 2);
  CHECK(tipwire_server_answer(&server, second.ticket, NULL, write_count, &count, &error) == TIPWIRE_E_TURN);
  CHECK(error.status == TIPWIRE_E_TURN);
  CHECK(tipwire_server_answer(&server, first.ticket, NULL, NULL, NULL, &error) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_server_answer(&server, first.ticket, NULL, write_nothing, NULL, &error) == TIPWIRE_E_MISSING);
  CHECK(tipwire_server_answer(&server, first.ticket, NULL, write_wrong, NULL, &error) == TIPWIRE_E_MISPLACED);
  CHECK(tipwire_server_answer(&server, first.ticket, &devices, write_count, &count, NULL) == 0);
  CHECK(tipwire_server_answer_with(&server, second.ticket, NULL, "ACK|WHAT", 8, &error) == TIPWIRE_E_STATUS);
  CHECK(tipwire_server_answer_with(&server, second.ticket, NULL, "ACK|!99|PONG\n", 13, NULL) == 0);
  event = expect_of_server(&server, &received, 0, &devices, TIPWIRE_REJECTED);
  CHECK(tipwire_equals(event.code, "invalid_token") && event.error.status == TIPWIRE_E_AUTH);
  CHECK(event.error.at == 8 && event.frame.method == TIPWIRE_PING);
  /* A counter is enforced: where there is none, and where it is an old one. */
  event = expect_of_server(&server, &received, 0, &devices, TIPWIRE_REJECTED);
  CHECK(tipwire_equals(event.code, "invalid_seq") && event.error.status == 0);
  event = expect_of_server(&server, &received, 0, &devices, TIPWIRE_REJECTED);
  CHECK(tipwire_equals(event.code, "invalid_seq"));
  nothing_of_server(&server, &received, &devices);
  CHECK(received.length == 0 && tipwire_server_command(&server, NULL, "reboot") == 0);
  tipwire_text output = tipwire_server_output(&server);
  CHECK(tipwire_equals(output, "ACK|!7|OK|2\nACK|!8|PONG\nACK|!9|ERR|invalid_token\nACK|ERR|invalid_seq\n"
                               "ACK|!7|ERR|invalid_seq\nACK|CMD|reboot\n"));
  CHECK(tipwire_server_sent(&server, output.length) == 0 && tipwire_server_output(&server).length == 0);
  /* What could not be stored is taken back. */
  CHECK(tipwire_sequence_retract(&device.sequence, 7) == 0);
  received = text_of("NG|" AUTH "|x\nPUSH|!7|" AUTH "|" SERIAL "|[t:=1]\nPULL|!10|" AUTH "|" SERIAL "|[t]\n");
  event = expect_of_server(&server, &received, 0, &devices, TIPWIRE_REQUEST);
  CHECK(tipwire_server_refuse(&server, event.ticket, NULL, "oops") == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_server_refuse(&server, event.ticket, NULL, "server_error") == 0);
  event = expect_of_server(&server, &received, 0, &devices, TIPWIRE_REQUEST);
  CHECK(event.number == 7 && tipwire_server_answer(&server, event.ticket, NULL, write_count, &count, NULL) == 0);
  event = expect_of_server(&server, &received, 0, &devices, TIPWIRE_REQUEST);
  CHECK(event.number == 10 && tipwire_server_answer(&server, event.ticket, NULL, write_list, NULL, NULL) == 0);
  CHECK(tipwire_equals(tipwire_server_output(&server),
                       "ACK|ERR|server_error\nACK|!7|OK|2\nACK|!10|OK|[t:=21.5#C]\n"));
}

static void servers_end_and_say_why(void) {
  static struct device device;
  tipwire_server server;
  tipwire_server_settings settings;
  tipwire_server_event event;
  tipwire_devices devices = devices_of(&device);
  CHECK(tipwire_server_defaults(&settings) == 0 && settings.idle == 20000 && settings.ttl == 60000);
  CHECK(tipwire_server_init(&server, &settings, server_input, sizeof server_input, server_output,
                            sizeof server_output, 5) == 0);
  CHECK(tipwire_server_deadline(&server) == 20005 && tipwire_server_timeout(&server, 20004) == 0);
  CHECK(!tipwire_server_is_closed(&server) && tipwire_server_timeout(&server, 20005) == 0);
  event = expect_of_server(&server, NULL, 20005, NULL, TIPWIRE_CLOSED);
  CHECK(tipwire_equals(event.code, "keep_alive_timeout") && tipwire_server_is_closed(&server));
  CHECK(tipwire_equals(tipwire_server_output(&server), "ACK|ERR|keep_alive_timeout\n"));
  CHECK(tipwire_server_deadline(&server) == TIPWIRE_NEVER);
  CHECK(tipwire_server_command(&server, NULL, "x") == TIPWIRE_E_CLOSED);
  CHECK(tipwire_server_answer_with(&server, 0, NULL, "ACK|OK", 6, NULL) == TIPWIRE_E_CLOSED);

  CHECK(tipwire_server_init(&server, NULL, server_input, sizeof server_input, server_output, 64, 0) == 0);
  tipwire_text received = text_of("PING|" AUTH "|s\nPING|" AUTH "|s\n");
  event = expect_of_server(&server, &received, 0, NULL, TIPWIRE_REQUEST);
  CHECK(tipwire_server_close(&server, "oops") == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_server_close(&server, "rate_limited") == 0 && !tipwire_server_is_closed(&server));
  CHECK(tipwire_server_answer_with(&server, event.ticket, NULL, "ACK|PONG", 8, NULL) == 0);
  event = expect_of_server(&server, &received, 0, NULL, TIPWIRE_CLOSED);
  CHECK(tipwire_equals(tipwire_server_output(&server), "ACK|PONG\nACK|ERR|rate_limited\n"));

  /* Who does not take its answers gets no more of them. */
  CHECK(tipwire_server_init(&server, NULL, server_input, sizeof server_input, server_output, 64, 0) == 0);
  received = text_of("PING|" AUTH "|s\n");
  event = expect_of_server(&server, &received, 0, NULL, TIPWIRE_REQUEST);
  CHECK(tipwire_server_command(&server, NULL, "a long command that fills the output up") == 0);
  CHECK(tipwire_server_answer_with(&server, event.ticket, NULL, "ACK|OK|[t=0123456789]", 21, NULL) ==
        TIPWIRE_E_FULL);

  CHECK(tipwire_server_init(&server, NULL, server_input, 1, server_output, 64, 0) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_server_init(&server, NULL, server_input, 9, server_output, 63, 0) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_server_init(NULL, NULL, server_input, 9, server_output, 64, 0) == TIPWIRE_E_ARGUMENT);
  settings.transport = 9;
  CHECK(tipwire_server_init(&server, &settings, server_input, 9, server_output, 64, 0) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_server_next(&server, NULL, 0, &devices, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_server_next(NULL, NULL, 0, &devices, &event) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_server_output(NULL).data == NULL && tipwire_server_sent(NULL, 1) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_server_unanswered(NULL) == TIPWIRE_E_ARGUMENT && !tipwire_server_is_closed(NULL));
  memset(&server, 0, sizeof server);
  CHECK(tipwire_server_close(&server, "rate_limited") == TIPWIRE_E_UNINITIALIZED);
  CHECK(tipwire_server_mode(&server) == TIPWIRE_MODE_UNKNOWN);
}

/* A counter that was never set up accepts nothing: whoever gives one wants it enforced. */
static void counters_that_are_not_set_up_are_used_up(void) {
  static struct device device;
  tipwire_server server;
  tipwire_devices devices = devices_of(&device);
  tipwire_text received = text_of("PING|!5|" AUTH "|" SERIAL "\n");
  memset(&device.sequence, 0x77, sizeof device.sequence);
  CHECK(tipwire_server_init(&server, NULL, server_input, sizeof server_input, server_output, 64, 0) == 0);
  tipwire_server_event event = expect_of_server(&server, &received, 0, &devices, TIPWIRE_REJECTED);
  CHECK(tipwire_equals(event.code, "invalid_seq") && device.sequence.bytes[0] == 0x77);
}

/* Both sides back to back, byte by byte: text and sealed, streams and datagrams. */
static void clients_and_servers_understand_each_other(int is_sealed, uint8_t transport) {
  unsigned char key[16];
  static struct device device;
  tipwire_token token;
  tipwire_hash auth;
  tipwire_sealer sealer;
  tipwire_client client;
  tipwire_client_settings settings;
  tipwire_client_event event;
  tipwire_server server;
  tipwire_server_settings server_settings;
  tipwire_server_event asked;
  tipwire_devices devices = devices_of(&device);
  int requests = 0, answers = 0, commands = 0;
  uint64_t now = 0, count = 1;
  memset(&device, 0, sizeof device);
  CHECK(tipwire_token_init(&token, TOKEN, NULL) == 0 && tipwire_token_hash(&token, &auth) == 0);
  CHECK(tipwire_derive_key(&token, SERIAL, key, sizeof key) == 0);
  CHECK(tipwire_sealer_init(&sealer, 0, 0, key, sizeof key, &token, SERIAL, 0) == 0);
  CHECK(tipwire_sealer_init_hash(&device.sealer, 0, 0, key, sizeof key, &auth, SERIAL, 1000) == 0);
  tipwire_client_defaults(&settings);
  settings.transport = transport;
  CHECK((is_sealed ? tipwire_client_init_sealed(&client, &settings, &sealer, queue, sizeof queue, input,
                                                sizeof input)
                   : tipwire_client_init(&client, &settings, AUTH, SERIAL, queue, sizeof queue, input,
                                         sizeof input)) == 0);
  tipwire_server_defaults(&server_settings);
  server_settings.transport = transport;
  CHECK(tipwire_server_init(&server, &server_settings, server_input, sizeof server_input, server_output,
                            sizeof server_output, 0) == 0);
  for (int turn = 0; turn < 400 && answers < 20; turn++, now += 10) {
    char wire[256];
    if (tipwire_client_is_idle(&client)) {
      double celsius = turn;
      CHECK(tipwire_client_push(&client, now, write_temperature, &celsius, NULL, NULL) == 0);
    }
    while (tipwire_client_next(&client, NULL, now, &event) > 0) {
      CHECK(event.type == TIPWIRE_CONNECT && tipwire_client_connected(&client, now) == 0);
    }
    tipwire_text output = tipwire_client_output(&client);
    size_t length = transport == TIPWIRE_STREAM && output.length > 0 ? 1 : output.length;
    if (length > 0) {
      memcpy(wire, output.data, length);
      tipwire_text received = {wire, length};
      tipwire_client_sent(&client, length, now);
      while (tipwire_server_next(&server, &received, now, &devices, &asked) > 0) {
        CHECK(asked.type == TIPWIRE_REQUEST && asked.has_number && (int)asked.number == requests + !is_sealed);
        CHECK(asked.device.is_sealed == is_sealed && tipwire_equals(asked.device.serial, SERIAL));
        CHECK(tipwire_server_answer(&server, asked.ticket, &devices, write_count, &count, NULL) == 0);
        requests++;
        if (requests == 10 && transport == TIPWIRE_STREAM) {
          CHECK(tipwire_server_command(&server, &devices, "reboot") == 0);
        }
      }
    }
    output = tipwire_server_output(&server);
    if (output.length > 0) {
      memcpy(wire, output.data, output.length);
      tipwire_text received = {wire, output.length};
      tipwire_server_sent(&server, output.length);
      while (tipwire_client_next(&client, &received, now, &event) > 0) {
        answers += event.type == TIPWIRE_ANSWER && event.is_done && event.ack.count == 1;
        commands += event.type == TIPWIRE_COMMAND && tipwire_equals(event.text, "reboot");
      }
    }
    turn -= transport == TIPWIRE_STREAM && requests < 20 && tipwire_client_output(&client).length > 0;
  }
  CHECK(requests == 20 && answers == 20 && commands == (transport == TIPWIRE_STREAM));
  CHECK(tipwire_server_mode(&server) == (transport == TIPWIRE_DATAGRAMS ? TIPWIRE_MODE_UNKNOWN
                                         : is_sealed ? TIPWIRE_MODE_ENVELOPES : TIPWIRE_MODE_TEXT));
}

static void envelopes_are_opened_with_keys_that_are_looked_up(void) {
  unsigned char key[16], other[16] = {1}, envelope[64] = {0}, kept[64];
  size_t nth = 99;
  static tipwire_opener openers[2];
  tipwire_token token;
  tipwire_sealer sealer;
  tipwire_header header;
  tipwire_text text;
  tipwire_ack ack;
  tipwire_error error;
  CHECK(tipwire_token_init(&token, TOKEN, NULL) == 0);
  CHECK(tipwire_derive_key(&token, SERIAL, key, sizeof key) == 0);
  CHECK(tipwire_opener_init(&openers[0], 0, other, 16, NULL) == 0);
  CHECK(tipwire_opener_init(&openers[1], 0, key, 16, SERIAL) == 0);
  CHECK(tipwire_sealer_init(&sealer, TIPWIRE_LAYOUT_CURRENT, 0, key, 16, &token, SERIAL, 0) == 0);
  int32_t length = tipwire_seal(&sealer, TIPWIRE_PING, SERIAL, 9, envelope, sizeof envelope);
  CHECK(length > 0);
  memcpy(kept, envelope, sizeof kept);
  CHECK(tipwire_open_with(NULL, openers, 0, envelope, (size_t)length, &header, &text, &nth) ==
        TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_open_with(opener_of, openers, 2, envelope, (size_t)length, &header, &text, &nth) ==
        TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_open_with(opener_of, openers, 0, envelope, (size_t)length, NULL, NULL, NULL) ==
        TIPWIRE_E_ARGUMENT);
  CHECK(memcmp(kept, envelope, sizeof kept) == 0 && nth == 99);
  CHECK(tipwire_open_with(opener_of, openers, 0, envelope, (size_t)length, &header, &text, &nth) == 0);
  CHECK(nth == 1 && tipwire_equals(text, SERIAL) && header.method == TIPWIRE_PING);
  memcpy(envelope, kept, sizeof kept);
  CHECK(tipwire_opener_wipe(&openers[1]) == 0);
  CHECK(tipwire_open_with(opener_of, openers, 0, envelope, (size_t)length, NULL, &text, NULL) ==
        TIPWIRE_E_AUTH_FAILED);

  CHECK(tipwire_plaintext_answer(envelope, (size_t)length, &ack, NULL) == 0);
  CHECK(tipwire_plaintext_answer("ACK|ERR|auth_failed", 19, &ack, NULL) == 1);
  CHECK(ack.status == TIPWIRE_ERR && tipwire_equals(ack.text, "auth_failed"));
  CHECK(tipwire_plaintext_answer("ACK|WHAT", 8, &ack, &error) == TIPWIRE_E_STATUS && error.at == 4);
  CHECK(tipwire_plaintext_answer(NULL, 8, &ack, &error) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_plaintext_answer("A", 1, NULL, &error) == TIPWIRE_E_ARGUMENT);
}

int main(void) {
  requests_are_numbered_sent_and_answered();
  what_got_no_answer_is_sent_again_on_the_next_connection();
  a_full_queue_refuses_or_drops_the_oldest();
  what_is_wrong_is_not_queued();
  sealed_requests_go_on_with_a_stored_counter();
  datagrams_are_sent_again_until_they_are_answered();
  sequences_accept_what_they_should();
  servers_answer_in_order();
  servers_end_and_say_why();
  counters_that_are_not_set_up_are_used_up();
  for (int is_sealed = 0; is_sealed < 2; is_sealed++) {
    clients_and_servers_understand_each_other(is_sealed, TIPWIRE_STREAM);
    clients_and_servers_understand_each_other(is_sealed, TIPWIRE_DATAGRAMS);
  }
  envelopes_are_opened_with_keys_that_are_looked_up();
  printf("%d checks passed\n", checks);
  return 0;
}
