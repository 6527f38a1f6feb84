// The layer of C++: what it builds is read again by it. C++11 and C++17, without the STL.
#include "tipwire.hpp"

#include <cstdio>
#include <cstring>

#define CHECK(condition)                                                                            \
  do {                                                                                              \
    if (!(condition)) {                                                                             \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                          \
      return 1;                                                                                     \
    }                                                                                               \
  } while (0)

static const char AUTH[] = "4deedd7bab8817ec";
static const char TOKEN[] = "ate2bd319014b24e0a8aca9f00aea4c0d0";

static int frames_are_written_and_read_again() {
  char buffer[256];
  tipwire::Push push(buffer, "4deedd7bab8817ec", "sensor-01");
  push.group("boot").seq(7).number("temperature", 32.456, 1).unit("C").metadata("by", "dht22");
  push.string("status", "on|line").boolean("on", true).position("p", 39.74, -104.99, 2);
  tipwire::Bytes line = push.line();
  const char wanted[] = "PUSH|!7|4deedd7bab8817ec|sensor-01|^boot[temperature:=32.5#C{by=dht22};"
                        "status=on\\|line;on?=true;p@=39.74,-104.99]\n";
  CHECK(line && line.size == sizeof wanted - 1 && std::memcmp(line.data, wanted, line.size) == 0);

  tipwire::Frame request("PING|nonsense|s", 15);
  char refused[64];
  tipwire::Bytes refusal = tipwire::Reply(refused).error_of(request.error().status).line();
  CHECK(refusal.size == 22 && std::memcmp(refused, "ACK|ERR|invalid_token\n", 22) == 0);

  uint32_t end = 0;
  tipwire::Spans<64> spans(line.data, line.size);
  for (auto &span : spans) {
    CHECK(span.depth > 0 || span.start == end);
    end = span.depth > 0 ? end : span.end;
  }
  CHECK(end == line.size && spans.is_whole() && spans.error().status == 0);
  tipwire::Spans<3> few(line.data, line.size - 5);
  CHECK(few.size() == 3 && !few.is_whole() && few.error().status != 0);
  tipwire::Spans<4> inside(TIPWIRE_ACK, tipwire_text{"PONG", 4});
  CHECK(inside.size() == 1 && inside.begin()->part == TIPWIRE_PART_STATUS);

  tipwire::Frame frame(line.data, line.size);
  CHECK(frame.ok() && frame.seq == 7 && frame.serial == "sensor-01");
  int count = 0, keys = 0;
  for (auto &v : frame.variables()) {
    count++;
    for (auto &pair : tipwire::pairs(v.metadata)) {
      keys += pair.key == "by" && pair.text == "dht22";
    }
    CHECK(count != 1 || tipwire::to_double(v.value) == 32.5);
  }
  CHECK(count == 4 && keys == 1);
  for (auto &point : frame.points()) {
    CHECK(point.group == "boot");
  }

  const char answer[] = "ACK|OK|[t:=1;h:=2]\n";
  tipwire::Ack ack(answer, sizeof answer - 1);
  count = 0;
  for (auto v : ack.variables()) {
    count += v.type == TIPWIRE_NUMBER;
  }
  CHECK(ack.ok() && count == 2);

  tipwire::Frame wrong("PUSH|", 5);
  CHECK(!wrong.ok() && wrong.error().status == TIPWIRE_E_AUTH);
  for (auto &v : wrong.variables()) {
    CHECK(!v.name.data);
  }
  tipwire::Push failing(buffer, "4deedd7bab8817ec", "sensor-01");
  CHECK(!failing.integer("Wrong", 1).line() && failing.error().status == TIPWIRE_E_NAME);
  tipwire::Frame none("PING", 4);
  for (auto &pair : none.metadata()) {
    CHECK(!pair.key.data);
  }
  return 0;
}

static int every_kind_of_frame_is_written() {
  char buffer[128];
  tipwire::Pull pull(buffer, AUTH, "s");
  tipwire::Bytes line = pull.name("t").name("h").seq(3).line();
  tipwire::Frame pulled(line.data, line.size);
  int names = 0;
  for (auto &name : pulled.names()) {
    names += name == "t" || name == "h";
  }
  CHECK(pulled.ok() && pulled.method == TIPWIRE_PULL && pulled.seq == 3 && names == 2);

  tipwire::Ping ping(buffer, AUTH, "s");
  line = ping.frame();
  CHECK(tipwire::Frame(line.data, line.size).method == TIPWIRE_PING);

  tipwire::Reply count(buffer);
  line = count.count(2).seq(7).line();
  tipwire::Ack counted(line.data, line.size);
  CHECK(counted.ok() && counted.seq == 7 && counted.count == 2);

  tipwire::Reply list(buffer);
  line = list.variables().number("t", 1.5).unit("C").string("s", "x|y", 1).line();
  CHECK(line.size == 22 && std::memcmp(line.data, "ACK|OK|[t:=1.5#C;s=x]\n", 22) == 0);
  return 0;
}

static int envelopes_are_sealed_and_opened() {
  unsigned char key[16], envelope[128];
  tipwire::Token token(TOKEN);
  CHECK(token.ok() && std::strcmp(token.hash().text, AUTH) == 0);
  CHECK(token.derive_key("s", key, sizeof key) && !tipwire::Token("at").ok());
  tipwire::Sealer sealer(TIPWIRE_AES_128_CCM, key, sizeof key, token, "s", 5);
  tipwire::Opener opener(TIPWIRE_AES_128_CCM, key, sizeof key, "s");
  double celsius = 21.5;
  tipwire::Bytes sealed = sealer.push(envelope, sizeof envelope, [&](tipwire::PushWriter &push) {
    push.number("t", celsius, 1).unit("C");
  });
  CHECK(sealed && sealer.next() == 6);
  tipwire::Opened opened = opener.open(envelope, sealed.size);
  tipwire::Frame frame(opened.header.method, opened.text);
  CHECK(opened.ok() && opened.header.counter == 5 && frame.ok() && frame.serial == "s");
  for (auto &v : frame.variables()) {
    CHECK(tipwire::to_double(v.value) == 21.5);
  }
  CHECK(opener.open(envelope, sealed.size).status == TIPWIRE_E_AUTH_FAILED);

  sealed = sealer.reply(envelope, sizeof envelope, [](tipwire::ReplyWriter &reply) { reply.count(3); });
  opened = sealer.open(envelope, sealed.size);
  CHECK(opened.ok() && tipwire::Ack(opened.text).count == 3);
  sealed = sealer.pull(envelope, sizeof envelope, [](tipwire::PullWriter &pull) { pull.name("t"); });
  CHECK(opener.open(envelope, sealed.size).text == "s|[t]");
  sealed = sealer.ping(envelope, sizeof envelope);
  CHECK(opener.open(envelope, sealed.size).text == "s");
  sealed = sealer.ping(envelope, 4);
  CHECK(!sealed && sealed.status == TIPWIRE_E_BUFFER);
  return 0;
}

static int what_begins_later_gets_its_credentials_then() {
  static tipwire::Sealer sealer;
  static tipwire::StaticClient<256, 64> client, sealed;
  CHECK(!sealer.ok() && !client.ok() && client.ping(0).status == TIPWIRE_E_ARGUMENT);
  tipwire::Token token(TOKEN);
  CHECK(sealer.begin(TIPWIRE_AES_256_GCM, token, "s", 5) && sealer.next() == 5);
  unsigned char key[32], envelope[64];
  CHECK(token.derive_key("s", key, sizeof key));
  tipwire::Opener opener(TIPWIRE_AES_256_GCM, key, sizeof key, "s");
  tipwire::Bytes ping = sealer.ping(envelope, sizeof envelope);
  CHECK(ping && opener.open(envelope, ping.size).text == "s");
  CHECK(!sealer.begin(9, token, "s", 5) && sealer.status() == TIPWIRE_E_ARGUMENT);
  CHECK(!sealer.ok() && sealer.next() == 0);
  tipwire::Opener none;
  CHECK(!none.ok() && none.open(envelope, ping.size).status == TIPWIRE_E_UNINITIALIZED);
  CHECK(!none.begin(TIPWIRE_AES_128_CCM, key, sizeof key, "s") &&
        none.status() == TIPWIRE_E_INVALID_KEY);
  CHECK(none.begin(TIPWIRE_AES_128_CCM, key, 16, "s"));
  CHECK(sealer.begin(TIPWIRE_AES_128_CCM, key, 16, token, "s", 7));
  ping = sealer.ping(envelope, sizeof envelope);
  CHECK(ping && none.open(envelope, ping.size).text == "s");
  CHECK(none.begin(TIPWIRE_AES_256_GCM, key, sizeof key, nullptr) && sealer.next() == 8);
  CHECK(sealed.begin(sealer) && sealed.ping(0).number == 8);
  CHECK(client.begin(AUTH, "s") && client.ping(0).number == 1);
  return 0;
}

static int streams_are_cut() {
  char buffer[16];
  tipwire_splitter_settings settings;
  tipwire_splitter_defaults(&settings);
  settings.max = 8;
  tipwire::Splitter splitter("lines", buffer, sizeof buffer, &settings);
  const char *chunks[] = {"one\ntw", "o\nmuch too long\nthr", "ee\n"};
  int lines = 0, errors = 0;
  for (const char *chunk : chunks) {
    for (auto &message : splitter.split(chunk, std::strlen(chunk))) {
      lines += message.ok();
      errors += message.status == TIPWIRE_E_TOO_LONG;
    }
  }
  CHECK(splitter.ok() && lines == 3 && errors == 1 && splitter.pending() == 0);
  tipwire::Splitter none;
  CHECK(none.status() == TIPWIRE_E_UNINITIALIZED && none.pending() < 0);
  CHECK(none.begin("lines", buffer, sizeof buffer, &settings) && none.pending() == 0);
  CHECK(!none.begin("what", buffer, sizeof buffer));
  for (auto &message : none.split("x", 1)) {
    CHECK(message.ok());
  }
  return 0;
}

static int clients_ask() {
  static tipwire::StaticClient<256, 64> client(AUTH, "s");
  int connects = 0, answers = 0;
  CHECK(client.ok());
  for (auto &event : client.events(0)) {
    if (event.type == TIPWIRE_CONNECT) {
      client.connected(0);
      connects++;
    }
  }
  double celsius = 21.5;
  tipwire::Queued queued = client.push(1, [&](tipwire::PushWriter &push) { push.number("t", celsius); });
  char buffer[64];
  tipwire::Push push(buffer, AUTH, "s");
  CHECK(queued && queued.number == 1 && client.send(push.integer("t", 2).line(), 1).number == 2);
  tipwire::Push wrong(buffer, AUTH, "s");
  CHECK(client.send(wrong.line(), 1).status == TIPWIRE_E_EMPTY && client.ping(1).number == 3);
  CHECK(client.pull(1, [](tipwire::PullWriter &pull) { pull.name("T"); }).status == TIPWIRE_E_NAME);
  tipwire_text output = client.output();
  CHECK(std::memcmp(output.data, "PUSH|!1|4deedd7bab8817ec|s|[t:=21.5]\nPUSH|!2", 44) == 0);
  client.sent(output.length, 1);
  CHECK(client.output().length == 0 && client.deadline() == 10001);
  const char *parts[] = {"ACK|!1|OK|1\nACK|", "!2|OK|1\nACK|!3|PONG\n"};
  for (const char *part : parts) {
    for (auto &event : client.events(part, std::strlen(part), 2)) {
      answers += event.type == TIPWIRE_ANSWER && event.is_done;
    }
  }
  CHECK(connects == 1 && answers == 3 && client.is_idle() && client.next_number() == 4);

  tipwire::StaticClient<8, 8> small(AUTH, "s");
  CHECK(!small.ok() && small.ping(0).status == TIPWIRE_E_ARGUMENT && !small.is_connected());
  return 0;
}

static int servers_answer() {
  tipwire::StaticServer<128, 128> server(0);
  const char asked[] = "PUSH|!7|4deedd7bab8817ec|s|[t:=1;h:=2]\nPING|4deedd7bab8817ec|s\nPULL|4deedd7bab8817ec|s|[t]\nX\n";
  int count = 0, rejected = 0;
  for (auto &event : server.events(asked, sizeof asked - 1, 0)) {
    if (event.type == TIPWIRE_REJECTED) {
      rejected++;
    } else if (event.frame.method == TIPWIRE_PUSH) {
      uint64_t stored = 0;
      for (auto &v : tipwire::variables(event.frame)) {
        stored += v.type == TIPWIRE_NUMBER;
      }
      CHECK(server.answer(event.ticket, [&](tipwire::ReplyWriter &reply) { reply.count(stored); }) == 0);
    } else if (event.frame.method == TIPWIRE_PING) {
      char buffer[16];
      tipwire::Reply reply(buffer);
      CHECK(server.unanswered() == 1 && server.answer_with(event.ticket, reply.pong().line()) == 0);
    } else {
      CHECK(server.refuse(event.ticket, "variable_not_found") == 0);
    }
    count++;
  }
  CHECK(count == 4 && rejected == 1 && server.mode() == TIPWIRE_MODE_TEXT && !server.is_closed());
  CHECK(server.command("go") == 0 && server.output() == "ACK|!7|OK|2\nACK|PONG\nACK|ERR|variable_not_found\n"
                                                         "ACK|ERR|invalid_method\nACK|CMD|go\n");
  server.sent(server.output().length);
  CHECK(server.deadline() == 20000 && server.close("rate_limited") == 0 && server.is_closed());
  tipwire::StaticServer<1, 1> small(0);
  CHECK(!small.ok() && small.is_closed() && small.command("x") == TIPWIRE_E_ARGUMENT);
  return 0;
}

static int platforms_get_and_give_what_they_expect() {
  char bytes[64], json[256], buffer[64];
  tipwire::Bytes written = tipwire::Packet::write(bytes, sizeof bytes, TIPWIRE_PACKET_AUTH, "tok", 3);
  tipwire::Packet packet(written.data, written.size);
  CHECK(packet.ok() && packet.command == TIPWIRE_PACKET_AUTH && packet.payload == "tok");
  CHECK(tipwire::Packet::heartbeat(bytes, sizeof bytes).size == 8);
  CHECK(tipwire::Packet("TX", 2).status() == TIPWIRE_E_CORRUPT);

  const char sent[] = "{\"a\":{\"t\":1},\"b\":2,\"c\":{\"t\":3}}";
  int sum = 0, wrong = 0;
  for (auto &device : tipwire::SubDevices(sent, sizeof sent - 1)) {
    tipwire::Push push(buffer, AUTH, "a");
    wrong += !device.ok();
    sum += device.ok() && push.values(device.values).line();
  }
  CHECK(sum == 2 && wrong == 1 && !tipwire::SubDevices("1", 1).ok());

  tipwire::Converter<> converter("text", "{\"separator\":\";\"}");
  tipwire::Bytes made = converter.convert("SN;default;t;25.7", 17, json, sizeof json);
  int count = 0;
  for (auto &uplink : tipwire::uplinks(made.data, made.size)) {
    for (auto &entry : tipwire::telemetry(uplink)) {
      count += uplink.name == "SN" && entry.key == "t" && entry.value == "25.7";
    }
    for (auto &entry : tipwire::attributes(uplink)) {
      count += entry.is_string + 10;
    }
    tipwire::Push push(buffer, AUTH, "SN");
    CHECK(push.uplink(uplink).frame().size == 34);
  }
  tipwire::Converter<> none("what");
  CHECK(count == 1 && none.status() == TIPWIRE_E_TYPE);
  CHECK(none.convert("", 0, json, sizeof json).status == TIPWIRE_E_ARGUMENT);
  return 0;
}

int main() {
  return frames_are_written_and_read_again() + every_kind_of_frame_is_written() +
         envelopes_are_sealed_and_opened() + what_begins_later_gets_its_credentials_then() +
         streams_are_cut() + clients_ask() + servers_answer() + platforms_get_and_give_what_they_expect();
}
