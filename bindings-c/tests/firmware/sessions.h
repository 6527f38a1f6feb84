/* JSON, a splitter and the sessions of both sides. */
static char json[512];
static int32_t json_length;

static void write_json(void) {
  tipwire_frame read;
  json_length = tipwire_parse(frame, (size_t)frame_length, &read, NULL);
  if (json_length == 0) {
    json_length = tipwire_points_json(&read, json, sizeof json);
  }
}

static char queue[256], answers[64], requests[256], output[64];
static tipwire_client client;
static tipwire_server server;
static tipwire_splitter splitter;
static int answered, told, lines;

static void write_report(tipwire_writer *w, void *context) {
  (void)context;
  tipwire_number(w, "temperature", 32.5, 1);
  tipwire_unit(w, "C");
}

static void write_count(tipwire_writer *w, void *context) {
  (void)context;
  tipwire_answer_count(w, 1);
}

/* A device reports, a server answers and has a command. */
static void converse(void) {
  tipwire_client_event told_device;
  tipwire_server_event told_server;
  tipwire_text nothing = {NULL, 0}, sent;
  answered = told = 0;
  if (tipwire_client_init(&client, NULL, "4deedd7bab8817ec", "sensor-01", queue, sizeof queue, answers,
                          sizeof answers) < 0 ||
      tipwire_server_init(&server, NULL, requests, sizeof requests, output, sizeof output, 0) < 0) {
    return;
  }
  tipwire_client_push(&client, 0, write_report, NULL, NULL, NULL);
  while (tipwire_client_next(&client, &nothing, 0, &told_device) > 0) {
    if (told_device.type == TIPWIRE_CONNECT) {
      tipwire_client_connected(&client, 0);
    }
  }
  sent = tipwire_client_output(&client);
  while (tipwire_server_next(&server, &sent, 1, NULL, &told_server) > 0) {
    tipwire_server_answer(&server, told_server.ticket, NULL, write_count, NULL, NULL);
  }
  tipwire_server_command(&server, NULL, "reboot");
  tipwire_client_sent(&client, tipwire_client_output(&client).length, 1);
  sent = tipwire_server_output(&server);
  while (tipwire_client_next(&client, &sent, 2, &told_device) > 0) {
    answered += told_device.type == TIPWIRE_ANSWER && told_device.is_done && told_device.ack.count == 1;
    told += told_device.type == TIPWIRE_COMMAND && tipwire_equals(told_device.text, "reboot");
  }
}

static void split(void) {
  tipwire_splitter_settings settings;
  tipwire_text stream = {"one\ntwo\nthr", 11}, line;
  tipwire_splitter_defaults(&settings);
  settings.max = 16;
  lines = tipwire_splitter_init(&splitter, "lines", &settings, requests, sizeof requests);
  while (tipwire_split(&splitter, &stream, &line) > 0) {
    lines += tipwire_equals(line, "one") || tipwire_equals(line, "two") ? 1 : 100;
  }
  lines += tipwire_splitter_pending(&splitter);
}

static void session_checks(void) {
  say_number("stack", stack_of(write_json));
  CHECK(json_length > 100 && json[0] == '[' && json[json_length - 1] == ']');
  say_number("stack", stack_of(converse));
  CHECK(answered == 1 && told == 1);
  say_number("stack", stack_of(split));
  CHECK(lines == 5);
}
