/* What an ESP8266 calls it. */
#include "WiFi.h"
