// Sends a measurement every ten seconds over a serial port, and says whether it was stored.
// Any board. A gateway, or a person at the Serial monitor, answers with a line such as ACK|!1|OK|1.
#include <Tipwire.h>

const char AUTH[] = "4deedd7bab8817ec";
const char DEVICE[] = "sensor-01";
const unsigned long EVERY = 10000;

tipwire::Lines<96> answers;
uint32_t number = 0;
unsigned long last = 0;

void push() {
  char buffer[128];
  tipwire::Push frame(buffer, AUTH, DEVICE);
  frame.seq(++number).number(F("temperature"), analogRead(0) / 10.0, 1).unit(F("C"));
  if (!tipwire::send(Serial, frame.line())) {
    tipwire::print_status(Serial, frame.error().status);
    Serial.println();
  }
}

void setup() {
  Serial.begin(115200);
  push();
}

void loop() {
  if (millis() - last >= EVERY) {
    last += EVERY;
    push();
  }
  if (answers.read(Serial)) {
    tipwire::Ack ack(answers.data(), answers.length());
    if (!ack.ok()) {
      Serial.println(F("# that is no answer"));
    } else if (ack.has_seq && ack.seq != number) {
      Serial.println(F("# that answers an older one"));
    } else if (ack.status == TIPWIRE_OK) {
      Serial.println(F("# stored"));
    } else {
      Serial.print(F("# not stored: "));
      tipwire::println(Serial, ack.text);
    }
  }
}
