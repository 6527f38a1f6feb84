// A device on WiFi and TCP: it connects and connects again, pushes a measurement every half minute, reads
// the answers, sends again what was not answered, keeps the connection alive in between, and does what
// the server commands. Boards with WiFi: ESP32 and its family, ESP8266, Pico W.
#include <Tipwire.h>
#include <TipwireStore.h>
#if defined(ESP8266)
#include <ESP8266WiFi.h>
#else
#include <WiFi.h>
#endif

const char NETWORK[] = "your network";
const char PASSWORD[] = "your password";
const char SERVER[] = "tcp.example.com";
const uint16_t PORT = 5693;
const char AUTH[] = "4deedd7bab8817ec";
const char DEVICE[] = "sensor-01";
const unsigned long EVERY = 30000;
const int LED = 2;

WiFiClient connection;
tipwire::Counter counter;
tipwire::StaticClient<1024, 512> device;
unsigned long last = 0;

void measure() {
  double celsius = analogRead(0) / 10.0;
  auto queued = device.push(tipwire::now(), [celsius](tipwire::PushWriter &push) {
    push.number(F("temperature"), celsius, 1).unit(F("C"));
  });
  if (!queued) {
    Serial.print(F("not queued: "));
    tipwire::print_status(Serial, queued.status);
    Serial.println();
  }
}

void obey(const tipwire_text &command) {
  Serial.print(F("commanded: "));
  tipwire::println(Serial, command);
  if (command == F("led on")) {
    digitalWrite(LED, HIGH);
  } else if (command == F("led off")) {
    digitalWrite(LED, LOW);
  }
}

void handle(const tipwire_client_event &event) {
  switch (event.type) {
  case TIPWIRE_CONNECT:
    Serial.println(F("connecting"));
    break;
  case TIPWIRE_DISCONNECT:
    Serial.println(F("disconnecting"));
    break;
  case TIPWIRE_COMMAND:
    obey(event.text);
    break;
  case TIPWIRE_ANSWER:
    if (event.method == TIPWIRE_PUSH) {
      Serial.print(event.number);
      Serial.println(event.is_done ? F(" is stored") : F(" is refused"));
    }
    break;
  default:
    break;
  }
}

void setup() {
  Serial.begin(115200);
  pinMode(LED, OUTPUT);
  WiFi.begin(NETWORK, PASSWORD);
  while (WiFi.status() != WL_CONNECTED) {
    delay(100);
  }
  tipwire::ClientSettings settings;
  settings.next_number = counter.begin();
  settings.seed = millis(); // for waiting times: not the same on every device
  device.begin(AUTH, DEVICE, settings);
  measure();
}

void loop() {
  counter.keep(device);
  if (millis() - last >= EVERY) {
    last += EVERY;
    measure();
  }
  tipwire::poll(device, connection, SERVER, PORT, handle);
}
