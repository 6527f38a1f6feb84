/* What is said alike on every board. */
#include "board.h"

void say_number(const char *name, uint32_t number) {
  char digits[12];
  char *at = digits + sizeof digits - 1;
  *at = 0;
  *--at = '\n';
  do {
    *--at = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  say(name);
  say(" ");
  say(at);
}

/* If tipwire were to have a bug, it would be told here. */
void tipwire_panicked(void) {
  say("tipwire panicked\n");
  finish(3);
}
