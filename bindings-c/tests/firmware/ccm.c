/* Text frames, and envelopes with AES-128-CCM, with what credentials need. */
#include "board.h"
#include "tipwire.h"

#include "text.h"

#include "envelope.h"

int main(void) {
  text_checks();
  envelope_checks(1);
  return 0;
}
