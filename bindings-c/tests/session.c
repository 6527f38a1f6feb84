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

int main(void) {
  requests_are_numbered_sent_and_answered();
  what_got_no_answer_is_sent_again_on_the_next_connection();
  a_full_queue_refuses_or_drops_the_oldest();
  what_is_wrong_is_not_queued();
  sealed_requests_go_on_with_a_stored_counter();
  datagrams_are_sent_again_until_they_are_answered();
  printf("%d checks passed\n", checks);
  return 0;
}
