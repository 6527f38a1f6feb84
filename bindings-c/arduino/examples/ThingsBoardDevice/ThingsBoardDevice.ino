// A device of ThingsBoard's TCP integration, with its handler for lines and the converter for text: it
// sends SN-002,default,temperature,25.7 every half minute, connects again, and does what it is told:
// "led on", "led off". Boards with WiFi: ESP32 and its family, ESP8266, Pico W.
#include <Tipwire.h>
#if defined(ESP8266)
#include <ESP8266WiFi.h>
#else
#include <WiFi.h>
#endif

const char NETWORK[] = "your network";
const char PASSWORD[] = "your password";
const char SERVER[] = "thingsboard.example.com";
const uint16_t PORT = 10560;
const char DEVICE[] = "SN-002";
const unsigned long EVERY = 30000, RETRY = 5000;
const int LED = 2;

WiFiClient connection;
tipwire::Lines<64> lines;
unsigned long reported = 0, tried = 0;

void connect() {
  tried = millis();
  Serial.println(connection.connect(SERVER, PORT) ? F("connected") : F("no connection"));
}

void report() {
  reported = millis();
  char text[96];
  tipwire::Values values(text);
  values.number(F("temperature"), analogRead(0) / 10.0, 1).boolean(F("led"), digitalRead(LED));
  tipwire::Text<96> line;
  line.print(DEVICE);
  line.print(F(",default"));
  for (auto &value : values.frame().variables()) {
    line.print(F(","));
    tipwire::print(line, value.name);
    line.print(F(","));
    tipwire::print(line, value.value);
  }
  line.print(F("\n"));
  if (!tipwire::send(connection, line.bytes())) {
    Serial.println(F("not sent"));
    connection.stop();
  }
}

void obey(const tipwire_text &told) {
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
  if (lines.read(connection)) {
    obey(lines.text());
  }
  if (connection.connected()) {
    if (millis() - reported >= EVERY) {
      report();
    }
  } else if (millis() - tried >= RETRY) {
    connect();
  }
}
