// A device on WiFi and TCP: it connects and connects again, pushes a measurement every ten seconds,
// reads the answers, sends again what was not answered, keeps the connection alive, and does what the
// server commands. Boards with WiFi.h: ESP32-C3 and its family, Pico W, Uno R4 WiFi.
#include <Tipwire.h>
#include <WiFi.h>

const char NETWORK[] = "your network";
const char PASSWORD[] = "your password";
const char SERVER[] = "tcp.example.com";
const uint16_t PORT = 3001;
const char AUTH[] = "4deedd7bab8817ec";
const char DEVICE[] = "sensor-01";
const unsigned long EVERY = 10000;

WiFiClient connection;
tipwire::StaticClient<1024, 512> device(AUTH, DEVICE);
unsigned long last = 0;

void measure() {
  auto queued = device.push(millis(), [](tipwire::PushWriter &push) {
    push.number("temperature", analogRead(0) / 10.0, 1).unit("C");
  });
  if (!queued) {
    Serial.print(F("not queued: "));
    tipwire::print_status(Serial, queued.status);
    Serial.println();
  }
}

void handle(const tipwire_client_event &event) {
  switch (event.type) {
  case TIPWIRE_CONNECT:
    Serial.println(F("connecting"));
    if (connection.connect(SERVER, PORT)) {
      device.connected(millis());
    } else {
      device.disconnected(millis());
    }
    break;
  case TIPWIRE_DISCONNECT:
    Serial.println(F("disconnecting"));
    connection.stop();
    break;
  case TIPWIRE_COMMAND:
    Serial.print(F("commanded: "));
    tipwire::print(Serial, event.text);
    Serial.println();
    break;
  case TIPWIRE_ANSWER:
    Serial.print(event.number);
    Serial.println(event.is_done ? F(" is stored") : F(" is refused"));
    break;
  default:
    break;
  }
}

void setup() {
  Serial.begin(115200);
  WiFi.begin(NETWORK, PASSWORD);
  while (WiFi.status() != WL_CONNECTED) {
    delay(100);
  }
  device.open(millis());
  measure();
}

void loop() {
  if (millis() - last >= EVERY) {
    last += EVERY;
    measure();
  }
  device.timeout(millis());
  uint8_t received[128];
  int length = connection.available() > 0 ? connection.read(received, sizeof received) : 0;
  for (auto &event : device.events(received, length > 0 ? length : 0, millis())) {
    handle(event);
  }
  tipwire_text output = device.output();
  if (output.length > 0) {
    device.sent(connection.write((const uint8_t *)output.data, output.length), millis());
  }
  if (device.is_connected() && !connection.connected()) {
    device.disconnected(millis());
  }
}
