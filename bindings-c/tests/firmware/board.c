#include "board.h"

extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];
int main(void);
void start(void);

#if !defined(__XTENSA__) /* which has a file for this */
/* Semihosting: the debugger, or the emulator, does what is asked. */
#if defined(__arm__)
static uint32_t ask(uint32_t what, const void *with) {
  register uint32_t r0 __asm__("r0") = what;
  register const void *r1 __asm__("r1") = with;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void fault(void) {
  say("fault\n");
  finish(2);
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))(uintptr_t)stack_top, start, fault, fault, fault, fault, fault,
};
#else
static uint32_t ask(uint32_t what, const void *with) {
  register uint32_t a0 __asm__("a0") = what;
  register const void *a1 __asm__("a1") = with;
  __asm__ volatile(".balign 16\n.option push\n.option norvc\n"
                   "slli zero, zero, 0x1f\nebreak\nsrai zero, zero, 7\n.option pop"
                   : "+r"(a0) : "r"(a1) : "memory");
  return a0;
}

__attribute__((section(".vectors"), naked, used)) void entry(void) {
  __asm__ volatile("la sp, stack_top\nj start");
}
#endif

void say(const char *text) { ask(4, text); }

void finish(int code) {
  if (code == 0) {
    say("done\n");
  }
  uintptr_t block[2] = {0x20026, (uintptr_t)code};
  ask(0x20, block);
  for (;;) {
  }
}
#endif

void start(void) {
#if defined(__ARM_FP)
  *(volatile uint32_t *)0xe000ed88 |= 0xf << 20; /* the floating-point unit is off at first */
#endif
  for (uint32_t *to = data_start, *from = data_load; to < data_end;) {
    *to++ = *from++;
  }
  for (uint32_t *to = bss_start; to < bss_end;) {
    *to++ = 0;
  }
  finish(main());
}

enum { PAINTED = 5000 };

__attribute__((noinline)) uint32_t stack_of(void (*work)(void)) {
  volatile uint8_t *top = (volatile uint8_t *)__builtin_frame_address(0);
  volatile uint8_t *low = top - PAINTED;
  /* This function's own frame stays as it is. */
  for (volatile uint8_t *at = low; at < top - 64; at++) {
    *at = 0xa5;
  }
  work();
  while (*low == 0xa5 && low < top) {
    low++;
  }
  return (uint32_t)(top - low);
}

/* What compilers call where there is no C library. */
void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  return memmove(to, from, count);
}

void *memmove(void *to, const void *from, size_t count) {
  volatile uint8_t *t = (volatile uint8_t *)to;
  const uint8_t *f = (const uint8_t *)from;
  if ((uintptr_t)to <= (uintptr_t)from) {
    for (size_t at = 0; at < count; at++) {
      t[at] = f[at];
    }
  } else {
    while (count--) {
      t[count] = f[count];
    }
  }
  return to;
}

void *memset(void *to, int byte, size_t count) {
  volatile uint8_t *t = (volatile uint8_t *)to;
  while (count--) {
    t[count] = (uint8_t)byte;
  }
  return to;
}

int memcmp(const void *a, const void *b, size_t count) {
  const volatile uint8_t *x = (const volatile uint8_t *)a, *y = (const volatile uint8_t *)b;
  for (size_t at = 0; at < count; at++) {
    if (x[at] != y[at]) {
      return x[at] < y[at] ? -1 : 1;
    }
  }
  return 0;
}

size_t strlen(const char *text) {
  const volatile char *end = text;
  while (*end) {
    end++;
  }
  return (size_t)(end - text);
}

#if defined(__arm__)
/* The same under the names of ARM's run-time ABI; memset's arguments stand in another order there. */
#define ALIAS(name, result, parameters, call)                                                       \
  result name parameters;                                                                           \
  result name##4 parameters;                                                                        \
  result name##8 parameters;                                                                        \
  result name parameters { call; }                                                                  \
  result name##4 parameters { call; }                                                               \
  result name##8 parameters { call; }
ALIAS(__aeabi_memcpy, void, (void *to, const void *from, size_t count), memmove(to, from, count))
ALIAS(__aeabi_memmove, void, (void *to, const void *from, size_t count), memmove(to, from, count))
ALIAS(__aeabi_memset, void, (void *to, size_t count, int byte), memset(to, byte, count))
ALIAS(__aeabi_memclr, void, (void *to, size_t count), memset(to, 0, count))
#endif
