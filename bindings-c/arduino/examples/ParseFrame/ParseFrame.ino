// Reads the frames that are typed into the Serial monitor (with line endings), and says what is in
// them, or what is wrong with them and where. Any board.
#include <Tipwire.h>

tipwire::Lines<256> lines;

void show(const tipwire_variable &variable) {
  Serial.print(F("  "));
  tipwire::print(Serial, variable.name);
  Serial.print(F(" is "));
  tipwire::print(Serial, variable.value);
  if (variable.unit.data) {
    Serial.print(F(" "));
    tipwire::print(Serial, variable.unit);
  }
  Serial.println();
}

void setup() {
  Serial.begin(115200);
  Serial.println(F("Type a frame, such as PUSH|4deedd7bab8817ec|sensor-01|[temperature:=21.5#C]"));
}

void loop() {
  if (!lines.read(Serial)) {
    return;
  }
  tipwire::Frame frame(lines.data(), lines.length());
  if (!frame.ok()) {
    Serial.print(F("At byte "));
    Serial.print(frame.error().at);
    Serial.print(F(": "));
    tipwire::print_status(Serial, frame.error().status);
    Serial.println();
    return;
  }
  Serial.print(F("From "));
  tipwire::print(Serial, frame.serial);
  Serial.println(F(":"));
  for (auto &point : frame.points()) {
    show(point);
  }
}
