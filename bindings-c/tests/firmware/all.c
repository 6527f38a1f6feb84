/* Everything: all ciphers, JSON, a splitter and the sessions of both sides. */
#include "board.h"
#include "tipwire.h"

#include "text.h"

#define CIPHERS 5
#include "envelope.h"

#include "sessions.h"

int main(void) {
  text_checks();
  envelope_checks();
  session_checks();
  return 0;
}
