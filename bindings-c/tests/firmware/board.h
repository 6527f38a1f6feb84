/* What the tests need of a board: a start, a way to say something and to end, and a measure of the
 * stack. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Says a line, by semihosting. */
void say(const char *text);
void say_number(const char *name, uint32_t number);

/* Ends the program. */
void finish(int code);

/* How many bytes of stack a piece of work takes: it is called above painted memory. */
uint32_t stack_of(void (*work)(void));

/* Fails the program unless a condition holds. */
#define CHECK(condition)                                                                            \
  do {                                                                                              \
    if (!(condition)) {                                                                             \
      say("failed: " #condition "\n");                                                              \
      finish(1);                                                                                    \
    }                                                                                               \
  } while (0)

#endif
