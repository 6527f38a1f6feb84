/* Text frames: an uplink written and read again, an answer read. With NOTHING all that is left is the
 * board, whose size is taken off. */
#include "board.h"
#ifndef NOTHING
#include "tipwire.h"
#include "text.h"
#endif

int main(void) {
#ifndef NOTHING
  text_checks();
#endif
  return 0;
}
