/* What the parts of this board share. */
#ifndef BOARD_H
#define BOARD_H

#include "Arduino.h"

namespace board {

/* A setting of the test, from the environment. */
const char *setting(const char *name);

/* The seconds since 1970: of a start that the test gives, and with the time of the board. */
uint32_t seconds();

/* The sketch has asked something, and waits; or has got something. */
void is_waiting(bool is_so);

/* One step of what is written for ever: the power fails after as many as the test says. */
void write_for_ever();

/* The next line of the script on standard input; nothing at its end. */
std::string next_line();

} // namespace board

#endif
