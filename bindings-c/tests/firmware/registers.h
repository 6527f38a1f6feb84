/* For clang, which hands structs over in memory on Xtensa, where GCC and the core take registers: the same
 * registers as a number. */
#include "tipwire.h"

typedef union {
  tipwire_text text;
  uint64_t number;
} text_registers;

bool equals_registers(uint64_t text, const char *other) __asm__("tipwire_equals");
uint64_t client_registers(const tipwire_client *client) __asm__("tipwire_client_output");
uint64_t server_registers(const tipwire_server *server) __asm__("tipwire_server_output");

#define tipwire_equals(a, b) equals_registers((text_registers){.text = a}.number, b)
#define tipwire_client_output(client) ((text_registers){.number = client_registers(client)}.text)
#define tipwire_server_output(server) ((text_registers){.number = server_registers(server)}.text)
