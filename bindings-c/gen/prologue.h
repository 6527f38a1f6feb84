/* tipwire: a codec for device telemetry over TCP and its relatives.
 *
 * This file is made by `cargo xtask gen` from bindings-c/src/. It is C99, and C++11; tipwire.hpp is
 * a layer of C++ on top of it.
 *
 * The rules, once for all functions:
 *
 * - Nothing is allocated, there are no globals, and nothing is kept but what is said. All memory is
 *   the caller's; functions may be called from any thread, for one object from one at a time.
 * - A function that can fail returns an int32_t: less than zero is a status (TIPWIRE_E_...), which is
 *   what went wrong. Then outputs are untouched, but for the bytes of a buffer that was to be
 *   written to.
 * - No pointer may be NULL where its function does not say so: that is TIPWIRE_E_ARGUMENT, as is a
 *   pointer that is not aligned for its type. A pointer that is neither must point to what it says.
 * - What is read are slices of the bytes that the caller gave: they must stay where and as they are
 *   as long as the slices are used.
 * - There are no enums: numbers have the sizes that stand here, with every compiler.
 * - const char * is text that a NUL ends. Text is UTF-8; what is not is TIPWIRE_E_UTF8.
 */
#ifndef TIPWIRE_H
#define TIPWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if UINTPTR_MAX > 0xffffffff
#define TIPWIRE_64
#elif UINTPTR_MAX > 0xffff
#define TIPWIRE_32
#else
#define TIPWIRE_16
#endif

#ifdef __cplusplus
extern "C" {
#endif
