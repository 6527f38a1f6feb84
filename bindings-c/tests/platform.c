/* What platforms have of their own. C99, C11 and C++17 alike. */
#include "check.h"

static char json[512], room[512];

/* What was written there, for tipwire_equals(). */
static tipwire_text made(int32_t length) {
  tipwire_text text = {json, length < 0 ? 0 : (size_t)length};
  return text;
}

static tipwire_text text_of(const char *bytes) {
  tipwire_text text = {bytes, strlen(bytes)};
  return text;
}

static tipwire_frame frame_of(const char *line) {
  tipwire_frame frame;
  CHECK(tipwire_parse(line, strlen(line), &frame, NULL) == 0);
  return frame;
}

static void packets_are_written_and_read_again(void) {
  unsigned char buffer[64];
  tipwire_error error;
  tipwire_packet read, packet = {TIPWIRE_PACKET_DATA, TIPWIRE_PACKET_ATTRIBUTES, {"{\"t\":1}", 7}};
  CHECK(tipwire_write_packet(&packet, buffer, sizeof buffer) == 15);
  CHECK(memcmp(buffer, "TP\0\1\0\0\0\7{\"t\":1}", 15) == 0);
  CHECK(tipwire_parse_packet(buffer, 15, &read, NULL) == 0);
  CHECK(read.type == TIPWIRE_PACKET_DATA && read.command == TIPWIRE_PACKET_ATTRIBUTES);
  CHECK(tipwire_equals(read.payload, "{\"t\":1}"));
  for (size_t length = 0; length < 15; length++) {
    CHECK(tipwire_write_packet(&packet, buffer + 16, length) == TIPWIRE_E_BUFFER);
    CHECK(tipwire_parse_packet(buffer, length, &read, &error) == TIPWIRE_E_TOO_SHORT);
    CHECK(error.status == TIPWIRE_E_TOO_SHORT && error.at == (int32_t)length);
  }
  CHECK(tipwire_equals(read.payload, "{\"t\":1}"));
  CHECK(tipwire_parse_packet("TX", 2, &read, &error) == TIPWIRE_E_CORRUPT && error.at == 1);
  CHECK(tipwire_parse_packet("TP\0\0\0\0\0\0x", 9, &read, NULL) == TIPWIRE_E_TRAILING_BYTES);
  CHECK(tipwire_parse_packet("TP\0\0\0\0\x3f\xf9", 8, &read, NULL) == TIPWIRE_E_TOO_LONG);
  CHECK(tipwire_parse_packet(NULL, 8, &read, &error) == TIPWIRE_E_ARGUMENT);
  CHECK(error.status == TIPWIRE_E_ARGUMENT && error.at == -1);
  CHECK(tipwire_parse_packet("TP", 2, NULL, NULL) == TIPWIRE_E_ARGUMENT);
  packet.payload.length = 0, packet.payload.data = NULL, packet.type = TIPWIRE_PACKET_HEARTBEAT;
  packet.command = TIPWIRE_PACKET_AUTH;
  CHECK(tipwire_write_packet(&packet, buffer, 8) == 8 && memcmp(buffer, "TP\1\0\0\0\0\0", 8) == 0);
  packet.payload.length = 1;
  CHECK(tipwire_write_packet(&packet, buffer, sizeof buffer) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_write_packet(NULL, buffer, sizeof buffer) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_write_packet(&packet, NULL, 9) == TIPWIRE_E_ARGUMENT);
}

static void thingspanel_gets_values_and_events(void) {
  tipwire_frame frame = frame_of("PUSH|" AUTH "|" SERIAL "|@5[t:=1.50#C;on?=true]");
  tipwire_sub_device devices[] = {{text_of("a"), &frame}, {text_of("b\""), &frame}};
#define VALUES "{\"t\":1.50,\"on\":true}"
#define BEHIND "{\"a\":" VALUES ",\"b\\\"\":" VALUES "}"
  CHECK(tipwire_equals(made(tipwire_thingspanel_values(&frame, json, sizeof json)), VALUES));
  CHECK(tipwire_equals(made(tipwire_thingspanel_event("hot", &frame, json, sizeof json)),
                       "{\"method\":\"hot\",\"params\":" VALUES "}"));
  CHECK(tipwire_equals(made(tipwire_thingspanel_sub_devices(devices, 2, json, sizeof json)), BEHIND));
  CHECK(tipwire_equals(made(tipwire_thingspanel_gateway(&frame, devices, 2, json, sizeof json)),
                       "{\"gateway_data\":" VALUES ",\"sub_device_data\":" BEHIND "}"));
  CHECK(tipwire_equals(made(tipwire_thingspanel_sub_devices(devices, 0, json, sizeof json)), "{}"));
  CHECK(tipwire_equals(made(tipwire_thingspanel_raw("tok", "\1\2\xff\0", 4, json, sizeof json)),
                       "{\"token\":\"tok\",\"values\":\"AQL/AA==\"}"));
  CHECK(tipwire_thingspanel_values(&frame, json, 5) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_thingspanel_values(NULL, json, 5) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_thingspanel_event(NULL, &frame, json, 5) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_thingspanel_event("\xff", &frame, json, 5) == TIPWIRE_E_UTF8);
  CHECK(tipwire_thingspanel_sub_devices(NULL, 1, json, 5) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_thingspanel_gateway(NULL, devices, 1, json, 5) == TIPWIRE_E_ARGUMENT);
  devices[1].frame = NULL;
  CHECK(tipwire_thingspanel_sub_devices(devices, 2, json, sizeof json) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_thingspanel_raw("tok", NULL, 4, json, sizeof json) == TIPWIRE_E_ARGUMENT);
}

static void what_gateways_of_thingspanel_send_is_read(void) {
  const char sent[] = "{\"gateway_data\":{\"t\":1},\"sub_device_data\":"
                      "{\"a\\u0041\":{\"t\":2,\"s\":\"a|b\"},\"b\":3,\"c\":{}}}";
  tipwire_gateway gateway;
  tipwire_sub_devices devices;
  tipwire_text address, values;
  tipwire_writer w;
  CHECK(tipwire_parse_gateway(sent, sizeof sent - 1, &gateway) == 0);
  CHECK(tipwire_equals(gateway.own, "{\"t\":1}"));
  CHECK(tipwire_sub_devices_of(gateway.devices.data, gateway.devices.length, &devices) == 0);
  CHECK(tipwire_next_sub_device(&devices, &address, &values) == 1);
  CHECK(tipwire_unescape_json(address, room, sizeof room) == 2 && strcmp(room, "aA") == 0);
  CHECK(tipwire_unescape_json(address, room, 2) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_unescape_json(text_of("\\ud800"), room, sizeof room) == TIPWIRE_E_TEXT);
  tipwire_push_begin(&w, room, sizeof room, AUTH, "a");
  CHECK(tipwire_put_values(&w, values.data, values.length) == 0);
  CHECK(tipwire_finish(&w) > 0 && strncmp(room, "PUSH|" AUTH "|a|[t:=2;s=a\\|b]", 40) == 0);
  CHECK(tipwire_next_sub_device(&devices, &address, &values) == TIPWIRE_E_TYPE);
  CHECK(tipwire_next_sub_device(&devices, &address, &values) == 1 && tipwire_equals(address, "c"));
  CHECK(tipwire_next_sub_device(&devices, &address, &values) == 0 && tipwire_equals(values, "{}"));
  CHECK(tipwire_next_sub_device(&devices, NULL, &values) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_parse_gateway("{}", 2, &gateway) == 0 && !gateway.own.data && !gateway.devices.data);
  CHECK(tipwire_parse_gateway("[]", 2, &gateway) == TIPWIRE_E_TYPE);
  CHECK(tipwire_parse_gateway("{", 1, &gateway) == TIPWIRE_E_JSON);
  CHECK(tipwire_parse_gateway("{}", 2, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_sub_devices_of(NULL, 2, &devices) == TIPWIRE_E_ARGUMENT);
  tipwire_push_begin(&w, room, sizeof room, AUTH, "a");
  CHECK(tipwire_put_values(&w, "{\"T\":1}", 7) == 0 && tipwire_finish(&w) == TIPWIRE_E_NAME);
  tipwire_push_begin(&w, room, sizeof room, AUTH, "a");
  CHECK(tipwire_put_values(&w, "1", 1) == TIPWIRE_E_TYPE && tipwire_finish(&w) == TIPWIRE_E_TYPE);
}

static void events_raw_messages_and_topics_of_thingspanel_are_read(void) {
  tipwire_event event;
  tipwire_raw_message message;
  tipwire_text token;
  tipwire_thingspanel_topic topic;
  const char sent[] = "{\"method\":\"hot\",\"params\":{\"t\":1}}";
  const char raw[] = "{\"token\":\"tok\",\"values\":\"AQL\\/AA==\"}";
  CHECK(tipwire_parse_event(sent, sizeof sent - 1, &event) == 0);
  CHECK(tipwire_equals(event.method, "hot") && tipwire_equals(event.params, "{\"t\":1}"));
  CHECK(tipwire_parse_event("{}", 2, &event) == TIPWIRE_E_MISSING);
  CHECK(tipwire_parse_event(NULL, 2, &event) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_parse_raw_message(raw, sizeof raw - 1, &message) == 0);
  CHECK(tipwire_equals(message.token, "tok"));
  CHECK(tipwire_decode_raw_message(&message, room, 4) == 4 && memcmp(room, "\1\2\xff\0", 4) == 0);
  CHECK(tipwire_decode_raw_message(&message, room, 3) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_parse_raw_message("{}", 2, &message) == TIPWIRE_E_MISSING);
  CHECK(tipwire_decode_raw_message(NULL, room, 3) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_raw_token("tok\r\n", 5, &token) == 0 && tipwire_equals(token, "tok"));
  CHECK(tipwire_raw_token(NULL, 5, &token) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_parse_thingspanel_topic("gateway/event/7", &topic) == 0 && topic.is_gateway == 1);
  CHECK(topic.channel == TIPWIRE_CHANNEL_EVENT && tipwire_equals(topic.id, "7"));
  CHECK(tipwire_equals(made(tipwire_write_thingspanel_topic(&topic, json, sizeof json)), "gateway/event/7"));
  CHECK(tipwire_parse_thingspanel_topic("devices/telemetry", &topic) == 0 && !topic.id.data);
  CHECK(tipwire_equals(made(tipwire_write_thingspanel_topic(&topic, json, sizeof json)), "devices/telemetry"));
  CHECK(tipwire_parse_thingspanel_topic("devices/event", &topic) == TIPWIRE_E_TOPIC);
  CHECK(tipwire_parse_thingspanel_topic(NULL, &topic) == TIPWIRE_E_ARGUMENT);
  topic.channel = TIPWIRE_CHANNEL_ATTRIBUTES;
  CHECK(tipwire_write_thingspanel_topic(&topic, json, sizeof json) == TIPWIRE_E_TOPIC);
  topic.channel = 3;
  CHECK(tipwire_write_thingspanel_topic(&topic, json, sizeof json) == TIPWIRE_E_ARGUMENT);
}

static void thingsboard_gets_telemetry(void) {
  tipwire_frame frame = frame_of("PUSH|" AUTH "|" SERIAL "|@5[t:=1.50#C;on?=true]");
  CHECK(tipwire_equals(made(tipwire_thingsboard_telemetry(&frame, false, json, sizeof json)),
                       "[{\"ts\":5,\"values\":" VALUES "}]"));
  CHECK(tipwire_equals(made(tipwire_thingsboard_telemetry(&frame, true, json, sizeof json)),
                       "[{\"ts\":5,\"values\":{\"t\":1.50,\"t_unit\":\"C\",\"on\":true}}]"));
  CHECK(tipwire_equals(made(tipwire_thingsboard_gateway_telemetry("SN", &frame, false, json, sizeof json)),
                       "{\"SN\":[{\"ts\":5,\"values\":" VALUES "}]}"));
  CHECK(tipwire_equals(made(tipwire_thingsboard_uplink(&frame, false, json, sizeof json)),
                       "{\"deviceName\":\"" SERIAL "\",\"deviceType\":\"default\",\"telemetry\":"
                       "[{\"ts\":5,\"values\":" VALUES "}],\"attributes\":{}}"));
  CHECK(tipwire_thingsboard_telemetry(&frame, false, json, 5) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_thingsboard_uplink(&frame, false, json, 5) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_thingsboard_telemetry(NULL, false, json, 5) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_thingsboard_gateway_telemetry(NULL, &frame, false, json, 5) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_thingsboard_uplink(&frame, false, NULL, 5) == TIPWIRE_E_ARGUMENT);
}

static void messages_are_converted(void) {
  const char message[] = "SN-002,default,temperature,25.7\r\n";
  const char settings[] = "{\"fields\":[{\"name\":\"id\",\"offset\":0,\"as\":\"u16\",\"to\":\"deviceName\"},"
                          "{\"name\":\"\\u0074\",\"offset\":2,\"as\":\"i16\",\"scale\":0.1}]}";
  tipwire_converter converter = {{0}};
  tipwire_converter_field fields[2];
  char texts[6];
  tipwire_convert_error error;
  CHECK(tipwire_converter_size() == TIPWIRE_CONVERTER_SIZE);
  CHECK(tipwire_convert(&converter, "", 0, json, sizeof json, &error) == TIPWIRE_E_UNINITIALIZED);
  CHECK(error.status == TIPWIRE_E_UNINITIALIZED && error.at == -1);
  CHECK(tipwire_converter_init(&converter, "text", "", NULL, 0, NULL, 0) == 0);
  int32_t length = tipwire_convert(&converter, message, sizeof message - 1, json, sizeof json, NULL);
  CHECK(tipwire_equals(made(length), "{\"deviceName\":\"SN-002\",\"deviceType\":\"default\","
                                     "\"telemetry\":{\"temperature\":25.7},\"attributes\":{}}"));
  CHECK(tipwire_convert(&converter, message, sizeof message - 1, json, (size_t)length - 1, &error) ==
        TIPWIRE_E_BUFFER);
  CHECK(error.status == TIPWIRE_E_BUFFER);
  CHECK(tipwire_convert(&converter, NULL, 2, json, sizeof json, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_convert(&converter, "SN", 2, NULL, 9, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_converter_init(&converter, "binary", settings, fields, 2, texts, 6) == 0);
  length = tipwire_convert(&converter, "\0\7\1\1", 4, json, sizeof json, NULL);
  CHECK(tipwire_equals(made(length), "{\"deviceName\":\"7\",\"deviceType\":\"default\","
                                     "\"telemetry\":{\"t\":25.7},\"attributes\":{}}"));
  CHECK(tipwire_convert(&converter, "\0\7\1", 3, json, sizeof json, &error) == TIPWIRE_E_TOO_SHORT);
  CHECK(error.status == TIPWIRE_E_TOO_SHORT && error.at == 3 && tipwire_equals(error.field, "t"));
  CHECK(tipwire_converter_init(&converter, "binary", settings, fields, 1, texts, 6) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_converter_init(&converter, "binary", settings, fields, 2, texts, 5) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_converter_init(&converter, "binary", settings, NULL, 2, NULL, 5) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_converter_init(&converter, "what", "", NULL, 0, NULL, 0) == TIPWIRE_E_TYPE);
  CHECK(tipwire_converter_init(&converter, "text", "{\"separator\":\"\"}", NULL, 0, NULL, 0) ==
        TIPWIRE_E_INVALID_SETTINGS);
  CHECK(tipwire_converter_init(&converter, NULL, "", NULL, 0, NULL, 0) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_converter_init(&converter, "text", NULL, NULL, 0, NULL, 0) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_converter_init(NULL, "text", "", NULL, 0, NULL, 0) == TIPWIRE_E_ARGUMENT);
}

static void uplink_objects_are_taken_apart(void) {
  const char sent[] = "[{},{\"deviceName\":\"SN\",\"deviceType\":\"x\",\"telemetry\":"
                      "[{\"ts\":5,\"values\":{\"t\":25.70}},{\"s\":\"a\"}],\"attributes\":{\"v\":1}},"
                      "{\"assetName\":\"A\"}]";
  tipwire_uplinks uplinks;
  tipwire_uplink uplink;
  tipwire_entries entries;
  tipwire_entry entry;
  tipwire_convert_error error;
  tipwire_writer w;
  CHECK(tipwire_uplinks_of(sent, sizeof sent - 1, &uplinks, NULL) == 0);
  CHECK(tipwire_next_uplink(&uplinks, &uplink) == 1 && tipwire_equals(uplink.name, "SN"));
  CHECK(tipwire_equals(uplink.type, "x") && !uplink.is_asset);
  CHECK(tipwire_telemetry_of(&uplink, &entries) == 0 && tipwire_next_entry(&entries, &entry) == 1);
  CHECK(tipwire_equals(entry.key, "t") && tipwire_equals(entry.value, "25.70") && !entry.is_string);
  CHECK(entry.has_time && entry.time == 5);
  CHECK(tipwire_next_entry(&entries, &entry) == 1 && tipwire_equals(entry.key, "s"));
  CHECK(entry.is_string && tipwire_equals(entry.value, "a") && !entry.has_time);
  CHECK(tipwire_next_entry(&entries, &entry) == 0 && tipwire_next_entry(NULL, &entry) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_attributes_of(&uplink, &entries) == 0 && tipwire_next_entry(&entries, &entry) == 1);
  CHECK(tipwire_equals(entry.key, "v") && tipwire_next_entry(&entries, &entry) == 0);
  tipwire_push_begin(&w, room, sizeof room, AUTH, "a");
  CHECK(tipwire_put_uplink(&w, &uplink) == 0 && tipwire_finish(&w) > 0);
  CHECK(strncmp(room, "PUSH|" AUTH "|a|[t:=25.70@5;s=a]", 40) == 0);
  CHECK(tipwire_next_uplink(&uplinks, &uplink) == 1 && uplink.is_asset && !uplink.type.data);
  CHECK(tipwire_next_uplink(&uplinks, &uplink) == 0 && tipwire_next_uplink(&uplinks, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_uplinks_of("[1]", 3, &uplinks, &error) == TIPWIRE_E_TYPE);
  CHECK(error.status == TIPWIRE_E_TYPE && error.at == 1 && tipwire_equals(error.field, "message"));
  CHECK(tipwire_uplinks_of(NULL, 3, &uplinks, &error) == TIPWIRE_E_ARGUMENT && error.at == -1);
  CHECK(tipwire_put_uplink(&w, NULL) == TIPWIRE_E_ARGUMENT);
}

static void downlinks_become_bytes(void) {
  const char sent[] = "{\"contentType\":\"BINARY\",\"data\":\"3q2+7w==\",\"metadata\":{}}";
  tipwire_convert_error error;
  CHECK(tipwire_thingsboard_downlink(sent, sizeof sent - 1, room, sizeof room, NULL) == 5);
  CHECK(memcmp(room, "\xde\xad\xbe\xef\n", 5) == 0);
  CHECK(tipwire_thingsboard_downlink(sent, sizeof sent - 1, room, 4, &error) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_thingsboard_downlink("{}", 2, room, 4, &error) == TIPWIRE_E_MISSING);
  CHECK(error.status == TIPWIRE_E_MISSING && tipwire_equals(error.field, "contentType"));
  CHECK(tipwire_thingsboard_downlink(NULL, 2, room, 4, &error) == TIPWIRE_E_ARGUMENT);
}

static void frames_become_requests_of_http_and_again_frames(void) {
  const char *line = "PULL|" AUTH "|" SERIAL "|[t;h]", *push = "PUSH|" AUTH "|" SERIAL "|[t:=1]";
  tipwire_http_request request;
  tipwire_text envelope;
  tipwire_error error;
  CHECK(tipwire_frame_to_http(line, strlen(line), room, sizeof room, &request, NULL) == 0);
  CHECK(tipwire_equals(request.method, "GET") && tipwire_equals(request.path, "/v1/tip/" SERIAL));
  CHECK(tipwire_equals(request.query, "variables=t,h"));
  CHECK(tipwire_equals(request.authorization, "TagoTiP " AUTH) && request.body.length == 0);
  CHECK(tipwire_equals(made(tipwire_http_to_frame(&request, json, sizeof json, NULL)), line));
  CHECK(tipwire_http_to_frame(&request, json, 5, &error) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_http_envelope(&request, &envelope) == 0);
  CHECK(tipwire_frame_to_http(push, strlen(push), room, sizeof room, &request, NULL) == 0);
  CHECK(tipwire_equals(request.body, "[t:=1]"));
  CHECK(tipwire_equals(made(tipwire_http_to_frame(&request, json, sizeof json, NULL)), push));
  request.path = text_of("/v2");
  CHECK(tipwire_http_to_frame(&request, json, sizeof json, &error) == TIPWIRE_E_PATH);
  CHECK(error.status == TIPWIRE_E_PATH);
  CHECK(tipwire_frame_to_http(push, strlen(push), room, 5, &request, &error) == TIPWIRE_E_BUFFER);
  CHECK(tipwire_frame_to_http("PUSH", 4, room, sizeof room, &request, &error) == TIPWIRE_E_METHOD);
  CHECK(tipwire_frame_to_http(NULL, 4, room, sizeof room, &request, &error) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_envelope_to_http("e", 1, &request) == 0 && tipwire_equals(request.path, "/v1/tips"));
  CHECK(tipwire_http_envelope(&request, &envelope) == 1 && tipwire_equals(envelope, "e"));
  CHECK(tipwire_http_envelope(NULL, &envelope) == TIPWIRE_E_ARGUMENT);
  memset(&request, 0, sizeof request);
  CHECK(tipwire_http_to_frame(&request, json, sizeof json, NULL) == TIPWIRE_E_METHOD);
}

static void answers_become_responses_of_http_and_again_answers(void) {
  tipwire_http_response response;
  uint32_t seq = 7;
  CHECK(tipwire_ack_to_http("ACK|!7|OK|1", 11, &response, NULL) == 0 && response.status == 200);
  CHECK(tipwire_equals(response.body, "1") && !response.command.data);
  CHECK(tipwire_equals(made(tipwire_http_to_ack(&response, TIPWIRE_PUSH, &seq, json, sizeof json, NULL)),
                       "ACK|!7|OK|1"));
  CHECK(tipwire_ack_to_http("ACK|CMD|reboot", 14, &response, NULL) == 0);
  CHECK(tipwire_equals(response.command, "reboot"));
  CHECK(tipwire_equals(made(tipwire_http_to_ack(&response, TIPWIRE_PING, NULL, json, sizeof json, NULL)),
                       "ACK|CMD|reboot"));
  CHECK(tipwire_http_to_ack(&response, TIPWIRE_ACK, NULL, json, sizeof json, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_http_to_ack(NULL, TIPWIRE_PUSH, NULL, json, sizeof json, NULL) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_status_to_http(TIPWIRE_E_PATH, &response) == 0 && response.status == 404);
  CHECK(tipwire_status_to_http(TIPWIRE_E_AUTH, &response) == 0 && response.status == 401);
  CHECK(tipwire_equals(response.body, "invalid_token"));
  CHECK(tipwire_status_to_http(1, &response) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_envelope_to_http_response("e", 1, &response) == 0 && response.status == 200);
  CHECK(tipwire_ack_to_http("PUSH", 4, &response, NULL) == TIPWIRE_E_ANSWER);
}

static void frames_and_answers_become_messages_of_mqtt(void) {
  const char *line = "PULL|!7|" AUTH "|" SERIAL "|[t;h]";
  tipwire_mqtt_message message;
  tipwire_tagoio_topic topic;
  tipwire_text user, password, envelope;
  tipwire_hash hash;
  CHECK(tipwire_frame_to_mqtt(line, strlen(line), room, sizeof room, &message, NULL) == 0);
  CHECK(tipwire_equals(message.topic, "$tip/" SERIAL "/pull") && tipwire_equals(message.payload, "!7|t,h"));
  CHECK(tipwire_equals(made(tipwire_mqtt_to_frame(&message, AUTH, json, sizeof json, NULL)), line));
  CHECK(tipwire_mqtt_to_ack(&message, json, sizeof json, NULL) == TIPWIRE_E_TOPIC);
  CHECK(tipwire_mqtt_to_frame(&message, "no", json, sizeof json, NULL) == TIPWIRE_E_AUTH);
  line = "PING|" AUTH "|" SERIAL;
  CHECK(tipwire_frame_to_mqtt(line, strlen(line), room, sizeof room, &message, NULL) == TIPWIRE_E_MISPLACED);
  CHECK(tipwire_ack_to_mqtt("ACK|OK|1", 8, SERIAL, room, sizeof room, &message, NULL) == 0);
  CHECK(tipwire_equals(message.topic, "$tip/" SERIAL "/ack"));
  CHECK(tipwire_equals(made(tipwire_mqtt_to_ack(&message, json, sizeof json, NULL)), "ACK|OK|1"));
  CHECK(tipwire_mqtt_envelope(&message, &envelope) == 0);
  CHECK(tipwire_ack_to_mqtt("ACK|OK|1", 8, "s/1", room, sizeof room, &message, NULL) == TIPWIRE_E_SERIAL);
  CHECK(tipwire_envelope_to_mqtt("e", 1, SERIAL, TIPWIRE_PUSH, room, sizeof room, &message) == 0);
  CHECK(tipwire_equals(message.topic, "$tips/" SERIAL "/push"));
  CHECK(tipwire_mqtt_envelope(&message, &envelope) == 1 && tipwire_equals(envelope, "e"));
  CHECK(tipwire_envelope_to_mqtt("e", 1, SERIAL, TIPWIRE_PING, room, sizeof room, &message) ==
        TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_parse_tagoio_topic("$tips/" SERIAL "/ack", &topic) == 0 && topic.is_sealed);
  CHECK(topic.channel == TIPWIRE_ACK && tipwire_equals(topic.serial, SERIAL));
  CHECK(tipwire_equals(made(tipwire_write_tagoio_topic(&topic, json, sizeof json)), "$tips/" SERIAL "/ack"));
  CHECK(tipwire_parse_tagoio_topic("$tip/a/b", &topic) == TIPWIRE_E_TOPIC);
  topic.channel = TIPWIRE_PING;
  CHECK(tipwire_write_tagoio_topic(&topic, json, sizeof json) == TIPWIRE_E_ARGUMENT);
  CHECK(tipwire_mqtt_login(AUTH, &user, &password) == 0 && tipwire_equals(user, "4deedd7b"));
  CHECK(tipwire_equals(password, "ab8817ec") && tipwire_mqtt_login("4d", &user, &password) == TIPWIRE_E_AUTH);
  CHECK(tipwire_mqtt_hash("4deedd7b", "ab8817ec", &hash) == 0 && strcmp(hash.text, AUTH) == 0);
  CHECK(tipwire_mqtt_hash("4deedd7bab", "8817ec", &hash) == TIPWIRE_E_AUTH);
  CHECK(tipwire_mqtt_hash(NULL, "8817ec", &hash) == TIPWIRE_E_ARGUMENT);
}

int main(void) {
  packets_are_written_and_read_again();
  thingspanel_gets_values_and_events();
  what_gateways_of_thingspanel_send_is_read();
  events_raw_messages_and_topics_of_thingspanel_are_read();
  thingsboard_gets_telemetry();
  messages_are_converted();
  uplink_objects_are_taken_apart();
  downlinks_become_bytes();
  frames_become_requests_of_http_and_again_frames();
  answers_become_responses_of_http_and_again_answers();
  frames_and_answers_become_messages_of_mqtt();
  printf("%d checks passed\n", checks);
  return 0;
}
