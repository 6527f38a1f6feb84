/* All that needs no ciphers. */
#include "board.h"
#include "tipwire.h"

#include "text.h"

#include "sessions.h"

int main(void) {
  text_checks();
  session_checks();
  return 0;
}
