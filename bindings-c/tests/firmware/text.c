/* Text frames: an uplink written and read again, an answer read. With NOTHING all that is left is the
 * board, what measures, and what compilers call of a C library, whose size is taken off. */
#include "board.h"
#ifndef NOTHING
#include "tipwire.h"
#include "text.h"
#else
void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);

static volatile char bytes[8];

static void finish_now(void) { CHECK(bytes[0] == 0); }

static void text_checks(void) {
  char *at = (char *)bytes;
  memcpy(at, at + 4, bytes[0]);
  memmove(at, at + 1, bytes[0]);
  memset(at, 1, bytes[0]);
  say_number("stack", (uint32_t)memcmp(at, at + 4, bytes[0]) + strlen(at));
  stack_of(finish_now);
}
#endif

int main(void) {
  text_checks();
  return 0;
}
