/* The envelopes of vectors/envelope.json, one for each cipher. CIPHERS says of how many: one is
 * AES-128-CCM, with the functions that link no other. */
static const char *const ENVELOPES[] = {
    "000000002a4deedd7bab8817ecab7788d22eb7372fc8c5aa56d755582bacea13bb572493bb8cb10803cf826fdb833b79c6",
    "200000002a4deedd7bab8817ecab7788d22eb7372f80da47383da6eb9b3569b0d726c0ca0701ed482d847afacfddde7ff805bf0db50b595c7c",
    "400000002a4deedd7bab8817ecab7788d22eb7372fb0ac4e2fcbca68e58d0c013bfab859ad1b52e24443febda1aa2d3b5c",
    "600000002a4deedd7bab8817ecab7788d22eb7372f50e1868e14ff5c86050ff632e99b4956b17d6a220688f817d1a495c8079237a332b9e2ab",
    "800000002a4deedd7bab8817ecab7788d22eb7372f0889739287e17614097ddf60513090cc33e92214d02524dd85898d75531bde2a620f86e5",
};
static const char KEY[] = "fe09da81bc4400ee12ab56cd78ef90121290ef78cd56ab12ee0044bc81da09fe";

static uint8_t digit(char c) { return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10); }

static size_t from_hex(const char *hex, uint8_t *bytes) {
  size_t at = 0;
  for (; hex[2 * at]; at++) {
    bytes[at] = (uint8_t)(digit(hex[2 * at]) << 4 | digit(hex[2 * at + 1]));
  }
  return at;
}

static uint8_t cipher, key[32], wanted[64], made[96];
static size_t wanted_length;
static int32_t made_length;
static int opened;
static tipwire_sealer sealer;

static void seal(void) {
  tipwire_token token;
  tipwire_writer w;
  made_length = tipwire_token_init(&token, "ate2bd319014b24e0a8aca9f00aea4c0d0", NULL);
  if (made_length < 0) {
    return;
  }
#if CIPHERS == 1
  made_length = tipwire_sealer_init_ccm(&sealer, TIPWIRE_LAYOUT_CURRENT, key, 16, &token,
                                        "sensor-01", 42);
#else
  made_length = tipwire_sealer_init(&sealer, TIPWIRE_LAYOUT_CURRENT, cipher, key,
                                    (size_t)tipwire_key_length(cipher), &token, "sensor-01", 42);
#endif
  tipwire_token_wipe(&token);
  if (made_length < 0) {
    return;
  }
  tipwire_sealed_begin(&w, &sealer, TIPWIRE_PUSH, made, sizeof made);
  tipwire_integer(&w, "temp", 32);
  made_length = tipwire_finish_sealed(&w, &sealer);
}

static void open(void) {
  tipwire_text text;
  tipwire_frame frame;
  opened = tipwire_sealer_open(&sealer, TIPWIRE_LAYOUT_CURRENT, made, (size_t)made_length, NULL,
                               &text) == 0 &&
           tipwire_parse_inner(TIPWIRE_PUSH, text.data, text.length, &frame, NULL) == 0 &&
           tipwire_equals(frame.serial, "sensor-01");
}

static void envelope_checks(void) {
  uint32_t most = 0, stack;
  from_hex(KEY, key);
  for (cipher = 0; cipher < CIPHERS; cipher++) {
    wanted_length = from_hex(ENVELOPES[cipher], wanted);
    stack = stack_of(seal);
    most = stack > most ? stack : most;
    CHECK(made_length == (int32_t)wanted_length);
    for (size_t at = 0; at < wanted_length; at++) {
      CHECK(made[at] == wanted[at]);
    }
    stack = stack_of(open);
    most = stack > most ? stack : most;
    CHECK(opened);
    made[30] ^= 1;
    CHECK(tipwire_sealer_open(&sealer, TIPWIRE_LAYOUT_CURRENT, made, wanted_length, NULL,
                              &(tipwire_text){0}) == TIPWIRE_E_AUTH_FAILED);
    tipwire_sealer_wipe(&sealer);
  }
  say_number("stack", most);
}
