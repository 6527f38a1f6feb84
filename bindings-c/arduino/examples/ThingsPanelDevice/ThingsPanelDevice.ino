// A device of ThingsPanel, by its official protocol over TCP: it says who it is, reports its attributes
// every half minute, says in between that it is there, and does what it is told: "led on", "led off".
// Boards with WiFi: ESP32 and its family, ESP8266, Pico W.
#include <Tipwire.h>
#if defined(ESP8266)
#include <ESP8266WiFi.h>
#else
#include <WiFi.h>
#endif

const char NETWORK[] = "your network";
const char PASSWORD[] = "your password";
const char SERVER[] = "thingspanel.example.com";
const uint16_t PORT = 7653;
const char ACCESS[] = "b79f6640-8c11-b7ca-608a-f943bb1e2183";
const unsigned long EVERY = 30000, HEARTBEAT = 10000, RETRY = 5000;
const int LED = 2;

WiFiClient connection;
unsigned long reported = 0, spoke = 0, tried = 0;

void send(const tipwire::Bytes &packet) {
  if (tipwire::send(connection, packet)) {
    spoke = millis();
  } else {
    Serial.println(F("not sent"));
    connection.stop();
  }
}

void connect() {
  tried = millis();
  if (!connection.connect(SERVER, PORT)) {
    Serial.println(F("no connection"));
    return;
  }
  Serial.println(F("connected"));
  char packet[64];
  send(tipwire::Packet::write(packet, sizeof packet, TIPWIRE_PACKET_AUTH, ACCESS, strlen(ACCESS)));
}

void report() {
  reported = millis();
  char frame[96], json[64], packet[80];
  tipwire::Values values(frame);
  values.number(F("temperature"), analogRead(0) / 10.0, 1).boolean(F("led"), digitalRead(LED));
  tipwire::Bytes report = values.json(json);
  if (!report) {
    Serial.println(F("too much to report"));
    return;
  }
  Serial.println(F("reporting"));
  send(tipwire::Packet::write(packet, sizeof packet, TIPWIRE_PACKET_ATTRIBUTES, report.data, report.size));
}

void listen() {
  char text[64];
  int length = connection.available() > 0 ? connection.read((uint8_t *)text, sizeof text) : 0;
  if (length <= 0) {
    return;
  }
  tipwire_text told = {text, (size_t)length};
  Serial.print(F("told: "));
  tipwire::println(Serial, told);
  if (told == F("led on")) {
    digitalWrite(LED, HIGH);
  } else if (told == F("led off")) {
    digitalWrite(LED, LOW);
  }
}

void setup() {
  Serial.begin(115200);
  pinMode(LED, OUTPUT);
  WiFi.begin(NETWORK, PASSWORD);
  while (WiFi.status() != WL_CONNECTED) {
    delay(100);
  }
  connect();
}

void loop() {
  listen();
  if (!connection.connected()) {
    if (millis() - tried >= RETRY) {
      connect();
    }
    return;
  }
  if (millis() - reported >= EVERY) {
    report();
  } else if (millis() - spoke >= HEARTBEAT) {
    char packet[8];
    send(tipwire::Packet::heartbeat(packet, sizeof packet));
  }
}
