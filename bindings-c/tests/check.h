/* How the tests say what they found. */
#ifndef CHECK_H
#define CHECK_H

#include "tipwire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks;

#define CHECK(condition)                                                                            \
  do {                                                                                              \
    checks++;                                                                                       \
    if (!(condition)) {                                                                             \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                               \
      exit(1);                                                                                      \
    }                                                                                               \
  } while (0)

#define AUTH "4deedd7bab8817ec"
#define SERIAL "sensor-01"
#define TOKEN "ate2bd319014b24e0a8aca9f00aea4c0d0"

#endif
