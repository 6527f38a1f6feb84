// A device that sends its measurements over UDP, sealed with AES-128-CCM: nobody can read or change them
// on their way. What is not acknowledged is sent again. The counter of the envelopes is kept: with
// this key, none may ever be used twice. Boards with WiFi: ESP32 and its family, ESP8266, Pico W.
#include <Tipwire.h>
#include <TipwireStore.h>
#if defined(ESP8266)
#include <ESP8266WiFi.h>
#else
#include <WiFi.h>
#endif
#include <WiFiUdp.h>

const char NETWORK[] = "your network";
const char PASSWORD[] = "your password";
const char SERVER[] = "udp.example.com";
const uint16_t PORT = 5683;
const char TOKEN[] = "ate2bd319014b24e0a8aca9f00aea4c0d0";
const char DEVICE[] = "sensor-01";
const uint8_t KEY[16] = {0xfe, 0x09, 0xda, 0x81, 0xbc, 0x44, 0x00, 0xee,
                         0x12, 0xab, 0x56, 0xcd, 0x78, 0xef, 0x90, 0x12};
const unsigned long EVERY = 60000;

WiFiUDP udp;
tipwire::Counter counter;
tipwire::Sealer sealer;
tipwire::StaticClient<512, 128> device;
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

void handle(const tipwire_client_event &event) {
  if (event.type == TIPWIRE_ANSWER) {
    Serial.print(event.number);
    Serial.println(event.is_done ? F(" is stored") : F(" is refused"));
  } else if (event.type == TIPWIRE_COMMAND) {
    Serial.print(F("commanded: "));
    tipwire::println(Serial, event.text);
  }
}

void setup() {
  Serial.begin(115200);
  WiFi.begin(NETWORK, PASSWORD);
  while (WiFi.status() != WL_CONNECTED) {
    delay(100);
  }
  udp.begin(2390);
  tipwire::Token token(TOKEN);
  sealer.begin(TIPWIRE_AES_128_CCM, KEY, sizeof KEY, token, DEVICE, counter.begin());
  tipwire::ClientSettings settings;
  settings.transport = TIPWIRE_DATAGRAMS;
  settings.keep_alive = 0;
  settings.seed = millis(); // for waiting times: not the same on every device
  if (!device.begin(sealer, settings)) {
    tipwire::print_status(Serial, device.status());
    Serial.println();
  }
  measure();
}

void loop() {
  counter.keep(device);
  if (millis() - last >= EVERY) {
    last += EVERY;
    measure();
  }
  tipwire::poll_datagrams(device, udp, SERVER, PORT, handle);
}
