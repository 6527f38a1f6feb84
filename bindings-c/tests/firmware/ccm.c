/* Text frames, and envelopes with AES-128-CCM, with what credentials need. */
#include "board.h"
#include "tipwire.h"

#include "text.h"

#define CIPHERS 1
#include "envelope.h"

int main(void) {
  text_checks();
  envelope_checks();
  return 0;
}
