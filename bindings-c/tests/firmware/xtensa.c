/* Where a board with an Xtensa processor differs, with and without windowed registers. */
#include "board.h"

size_t strlen(const char *text);
void abort(void);

#if defined(__XTENSA_WINDOWED_ABI__)
/* Registers that calls have no room for go to the stack and come back: eight of them, as no other
 * calls are compiled. The processor starts without windows. */
__asm__(".section .vectors, \"ax\"\n"
        "j begin\n"
        ".p2align 2\n"
        "top: .long stack_top - 32\n"
        "first: .long start\n"
        "table: .long windows\n"
        "state: .long 1 << 18\n"
        "begin: movi a2, 0\n"
        "wsr a2, windowbase\n"
        "rsync\n"
        "movi a2, 1\n"
        "wsr a2, windowstart\n"
        "l32r a2, table\n"
        "wsr a2, vecbase\n"
        "l32r a2, state\n"
        "wsr a2, ps\n"
        "rsync\n"
        "l32r a1, top\n"
        "s32i a1, a1, 20\n"
        "l32r a8, first\n"
        "callx8 a8\n"
        ".p2align 10\n"
        "windows: .space 0x80\n"
        "s32e a0, a9, -16\n"
        "l32e a0, a1, -12\n"
        "s32e a1, a9, -12\n"
        "s32e a2, a9, -8\n"
        "s32e a3, a9, -4\n"
        "s32e a4, a0, -32\n"
        "s32e a5, a0, -28\n"
        "s32e a6, a0, -24\n"
        "s32e a7, a0, -20\n"
        "rfwo\n"
        ".p2align 6\n"
        "l32e a0, a9, -16\n"
        "l32e a1, a9, -12\n"
        "l32e a2, a9, -8\n"
        "l32e a7, a1, -12\n"
        "l32e a3, a9, -4\n"
        "l32e a4, a7, -32\n"
        "l32e a5, a7, -28\n"
        "l32e a6, a7, -24\n"
        "l32e a7, a7, -20\n"
        "rfwu\n"
        ".text\n");
#else
__asm__(".section .vectors, \"ax\"\n"
        "j begin\n"
        ".p2align 2\n"
        "top: .long stack_top\n"
        "first: .long start\n"
        "begin: l32r a1, top\n"
        "l32r a0, first\n"
        "callx0 a0\n"
        ".text\n");
#endif

/* The emulator does what is asked. */
static void ask(uint32_t what, uint32_t where, const void *data, size_t length) {
  register uint32_t a2 __asm__("a2") = what;
  register uint32_t a3 __asm__("a3") = where;
  register const void *a4 __asm__("a4") = data;
  register size_t a5 __asm__("a5") = length;
  /* simcall, whose name not all assemblers know */
  __asm__ volatile(".byte 0, 0x51, 0" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
}

void say(const char *text) { ask(4, 1, text, strlen(text)); }

void finish(int code) {
  if (code == 0) {
    say("done\n");
  }
  ask(1, (uint32_t)code, NULL, 0);
  for (;;) {
  }
}

/* What compilers call where they know that nothing comes. */
void abort(void) {
  say("abort\n");
  finish(4);
  for (;;) {
  }
}

/* Arithmetic that the ROM of an ESP8266 has, and the library of the compiler for an ESP32: as simply as
 * it can be done. */
uint64_t __muldi3(uint64_t a, uint64_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);

uint64_t __muldi3(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  for (; b; b >>= 1, a += a) {
    if (b & 1) {
      product += a;
    }
    __asm__ volatile("" ::: "memory"); /* else compilers find out what this is, and call it */
  }
  return product;
}

static uint64_t divide(uint64_t a, uint64_t b, uint64_t *rest) {
  uint64_t quotient = 0;
  *rest = 0;
  for (int bit = 0; bit < 64; bit++, a += a) {
    *rest = *rest + *rest + (a >> 63);
    quotient += quotient;
    if (*rest >= b) {
      *rest -= b;
      quotient++;
    }
  }
  return quotient;
}

uint64_t __udivdi3(uint64_t a, uint64_t b) {
  uint64_t rest;
  return divide(a, b, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
  uint64_t rest;
  divide(a, b, &rest);
  return rest;
}

int64_t __divdi3(int64_t a, int64_t b) {
  uint64_t x = (uint64_t)a, y = (uint64_t)b;
  uint64_t quotient = __udivdi3(a < 0 ? -x : x, b < 0 ? -y : y);
  return (int64_t)((a < 0) != (b < 0) ? -quotient : quotient);
}

uint32_t __udivsi3(uint32_t a, uint32_t b) { return (uint32_t)__udivdi3(a, b); }

uint32_t __umodsi3(uint32_t a, uint32_t b) { return (uint32_t)__umoddi3(a, b); }
