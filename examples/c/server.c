/* A server for devices of TagoTiP, ThingsPanel and ThingsBoard that keeps the last value of every
 * variable: one thread, one epoll, one port for each.
 *
 *     server [host] [port of TagoTiP] [of ThingsPanel] [of ThingsBoard]
 *
 * Whatever a device speaks becomes a frame, and a frame is what is stored. */
#include "tipwire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TAGOTIP, THINGSPANEL, THINGSBOARD, PLATFORMS };
enum { MAX_CONNECTIONS = 1000, MAX_VALUES = 1000, MAX_MESSAGE = 4096, IDLE = 300000 };

static const char *const NAMES[PLATFORMS] = {"serving on", "thingspanel", "thingsboard"};

typedef struct connection {
  int socket, platform, is_over;
  uint64_t deadline;
  struct connection *next;
  tipwire_server server;     /* TagoTiP: what it knows of the connection, */
  tipwire_splitter splitter; /* others: what cuts their stream. */
  tipwire_text rest;         /* of what was received, until answers have been sent */
  char received[MAX_MESSAGE], input[2 * MAX_MESSAGE], output[2 * MAX_MESSAGE];
  char serial[101]; /* ThingsPanel: the device, once its token was seen */
} connection;

/* The devices of ThingsPanel by their access tokens. */
static const char *const PANELS[][2] = {{"b79f6640-8c11-b7ca-608a-f943bb1e2183", "panel-01"}};

static connection *connections;
static int connection_count;
static int poller;
static tipwire_converter converter;

/* The last values, of which there are at most so many. */
static struct value {
  char serial[101], name[101], unit[26], text[256];
  uint8_t type;
} values[MAX_VALUES];
static size_t value_count;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static struct value *find(tipwire_text serial, tipwire_text name) {
  for (size_t at = 0; at < value_count; at++) {
    if (tipwire_equals(serial, values[at].serial) && tipwire_equals(name, values[at].name)) {
      return &values[at];
    }
  }
  return NULL;
}

/* Keeps the variables of a frame. Returns how many. */
static uint64_t store(const tipwire_frame *frame) {
  tipwire_variables variables;
  tipwire_variable variable;
  uint64_t count = 0;
  tipwire_variables_of(frame, &variables);
  while (tipwire_next(&variables, &variable) > 0) {
    struct value *value = find(frame->serial, variable.name);
    struct value *place = value ? value : &values[value_count];
    if ((!value && value_count == MAX_VALUES) ||
        (variable.type == TIPWIRE_STRING ? tipwire_unescape(variable.value, place->text, sizeof place->text)
                                         : tipwire_copy(variable.value, place->text, sizeof place->text)) < 0) {
      continue; /* no room */
    }
    tipwire_copy(frame->serial, place->serial, sizeof place->serial);
    tipwire_copy(variable.name, place->name, sizeof place->name);
    place->unit[0] = 0;
    tipwire_copy(variable.unit, place->unit, sizeof place->unit);
    place->type = variable.type;
    printf("%s: %s = %s %s\n", place->serial, place->name, place->text, place->unit);
    value_count += !value;
    count++;
  }
  return count;
}

/* Stores what was written into a frame, as ThingsPanel and ThingsBoard have it. */
static void store_written(tipwire_writer *w, const char *line) {
  tipwire_frame frame;
  int32_t length = tipwire_finish(w);
  if (length > 0 && tipwire_parse(line, (size_t)length, &frame, NULL) == 0) {
    store(&frame);
  } else if (length != TIPWIRE_E_EMPTY) {
    tipwire_text why = tipwire_status_sentence(length);
    printf("not stored: %.*s\n", (int)why.length, why.data);
  }
}

/* Writes the answer to a request; it is not written again before this returns. */
static void answer(tipwire_writer *w, void *context) {
  const tipwire_frame *frame = (const tipwire_frame *)context;
  tipwire_names names;
  tipwire_text name;
  int found = 0;
  if (frame->method == TIPWIRE_PING) {
    tipwire_answer(w, TIPWIRE_PONG);
    return;
  }
  tipwire_names_of(frame, &names);
  while (tipwire_next_name(&names, &name) > 0) {
    struct value *value = find(frame->serial, name);
    if (!value) {
      continue;
    }
    if (found++ == 0) {
      tipwire_answer_list(w);
    }
    switch (value->type) {
      case TIPWIRE_NUMBER: tipwire_digits(w, value->name, value->text); break;
      case TIPWIRE_BOOLEAN: tipwire_boolean(w, value->name, value->text[0] == 't'); break;
      case TIPWIRE_LOCATION: tipwire_position_text(w, value->name, value->text); break;
      default: tipwire_string(w, value->name, value->text);
    }
    if (value->unit[0]) {
      tipwire_unit(w, value->unit);
    }
  }
  if (found == 0) {
    tipwire_answer_text(w, TIPWIRE_ERR, "variable_not_found");
  }
}

static void answer_count(tipwire_writer *w, void *context) { tipwire_answer_count(w, *(uint64_t *)context); }

/* TagoTiP: the session reads, we store and answer. */
static void tagotip(connection *c) {
  tipwire_server_event event;
  ssize_t sent;
  do {
    while (tipwire_server_next(&c->server, &c->rest, now(), NULL, &event) > 0) {
      if (event.type == TIPWIRE_REQUEST) {
        uint64_t count = 0;
        int32_t status;
        if (event.frame.method == TIPWIRE_PUSH) {
          count = store(&event.frame);
          status = tipwire_server_answer(&c->server, event.ticket, NULL, answer_count, &count, NULL);
        } else {
          status = tipwire_server_answer(&c->server, event.ticket, NULL, answer, &event.frame, NULL);
        }
        if (status < 0 && tipwire_server_refuse(&c->server, event.ticket, NULL, "server_error") < 0) {
          c->is_over = 1;
          return;
        }
      }
    }
    tipwire_text output = tipwire_server_output(&c->server);
    sent = output.length == 0 ? 0 : send(c->socket, output.data, output.length, MSG_NOSIGNAL);
    if (sent > 0) {
      tipwire_server_sent(&c->server, (size_t)sent);
    } else if (sent < 0 && errno != EAGAIN) {
      c->is_over = 1;
      return;
    }
  } while (sent > 0 && c->rest.length > 0);
  c->is_over = tipwire_server_is_closed(&c->server) && tipwire_server_output(&c->server).length == 0;
}

/* ThingsPanel: a token, then attributes and events. What is wrong is said and ends it. */
static const char *packet(connection *c, tipwire_text message) {
  static char line[4 * MAX_MESSAGE];
  tipwire_packet packet;
  tipwire_writer w;
  if (tipwire_parse_packet(message.data, message.length, &packet, NULL) < 0) {
    return TIPWIRE_THINGSPANEL_NOT_A_PACKET;
  }
  if (packet.type == TIPWIRE_PACKET_DATA && packet.command == TIPWIRE_PACKET_AUTH) {
    for (size_t at = 0; at < sizeof PANELS / sizeof *PANELS; at++) {
      if (tipwire_equals(packet.payload, PANELS[at][0])) {
        strcpy(c->serial, PANELS[at][1]);
        return NULL;
      }
    }
    return TIPWIRE_THINGSPANEL_DEVICE_NOT_FOUND;
  }
  if (!c->serial[0]) {
    return TIPWIRE_THINGSPANEL_NOT_AUTHORIZED;
  }
  if (packet.type == TIPWIRE_PACKET_DATA && packet.command == TIPWIRE_PACKET_ATTRIBUTES) {
    tipwire_push_begin(&w, line, sizeof line, "0000000000000000", c->serial);
    tipwire_put_values(&w, packet.payload.data, packet.payload.length);
    store_written(&w, line);
  }
  return NULL;
}

/* ThingsBoard: a converter makes uplink objects of lines. */
static void convert(tipwire_text message) {
  static char json[8 * MAX_MESSAGE], line[4 * MAX_MESSAGE];
  tipwire_uplinks uplinks;
  tipwire_uplink uplink;
  tipwire_writer w;
  char serial[101];
  int32_t length = tipwire_convert(&converter, message.data, message.length, json, sizeof json, NULL);
  if (length < 0 || tipwire_uplinks_of(json, (size_t)length, &uplinks, NULL) < 0) {
    printf("not stored: no message of this converter\n");
    return;
  }
  while (tipwire_next_uplink(&uplinks, &uplink) > 0) {
    if (tipwire_unescape_json(uplink.name, serial, sizeof serial) > 0) {
      tipwire_push_begin(&w, line, sizeof line, "0000000000000000", serial);
      tipwire_put_uplink(&w, &uplink);
      store_written(&w, line);
    }
  }
}

/* What was received, or what can go on. */
static void go_on(connection *c) {
  tipwire_text message;
  int32_t found;
  if (c->platform == TAGOTIP) {
    tagotip(c);
    return;
  }
  while (!c->is_over && (found = tipwire_split(&c->splitter, &c->rest, &message)) != 0) {
    const char *wrong = NULL;
    if (c->platform == THINGSPANEL) {
      wrong = found > 0 ? packet(c, message) : TIPWIRE_THINGSPANEL_NOT_A_PACKET;
    } else if (found > 0) {
      convert(message);
    }
    if (wrong) {
      send(c->socket, wrong, strlen(wrong), MSG_NOSIGNAL);
      c->is_over = 1;
    }
  }
}

static void serve(connection *c, uint32_t ready) {
  if (c->rest.length == 0 && (ready & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
    ssize_t count = recv(c->socket, c->received, sizeof c->received, 0);
    if (count <= 0) {
      c->is_over = 1;
      return;
    }
    c->rest.data = c->received;
    c->rest.length = (size_t)count;
    c->deadline = now() + IDLE;
  }
  go_on(c);
  if (c->platform == TAGOTIP) {
    /* Nothing more is read while the device does not take its answers. */
    int waits = tipwire_server_output(&c->server).length > 0;
    struct epoll_event wanted;
    wanted.events = (c->rest.length == 0 ? EPOLLIN : 0u) | (waits ? EPOLLOUT : 0u);
    wanted.data.ptr = c;
    epoll_ctl(poller, EPOLL_CTL_MOD, c->socket, &wanted);
  }
}

static void accept_one(int listener, int platform) {
  int socket = accept(listener, NULL, NULL);
  connection *c = socket >= 0 && connection_count < MAX_CONNECTIONS ? (connection *)calloc(1, sizeof *c) : NULL;
  int32_t status = TIPWIRE_E_BUFFER;
  struct epoll_event wanted;
  if (c && platform == TAGOTIP) {
    status = tipwire_server_init(&c->server, NULL, c->input, sizeof c->input, c->output, sizeof c->output, now());
  } else if (c) {
    tipwire_splitter_settings settings;
    tipwire_splitter_defaults(&settings);
    settings.max = MAX_MESSAGE;
    status = tipwire_splitter_init(&c->splitter, platform == THINGSPANEL ? "packets" : "lines", &settings,
                                   c->input, sizeof c->input);
  }
  if (status < 0) {
    free(c);
    if (socket >= 0) {
      close(socket);
    }
    return;
  }
  fcntl(socket, F_SETFL, O_NONBLOCK);
  c->socket = socket;
  c->platform = platform;
  c->deadline = now() + IDLE;
  c->next = connections;
  connections = c;
  connection_count++;
  wanted.events = EPOLLIN;
  wanted.data.ptr = c;
  epoll_ctl(poller, EPOLL_CTL_ADD, socket, &wanted);
}

/* Ends what is over. Returns when to look again. */
static uint64_t sweep(void) {
  uint64_t first = TIPWIRE_NEVER;
  for (connection **at = &connections; *at;) {
    connection *c = *at;
    uint64_t deadline = c->platform == TAGOTIP ? tipwire_server_deadline(&c->server) : c->deadline;
    if (!c->is_over && deadline <= now()) {
      if (c->platform == TAGOTIP && tipwire_server_timeout(&c->server, now()) == 0) {
        tagotip(c);
        deadline = tipwire_server_deadline(&c->server);
      }
      /* Who does not even take that it is over has had its time. */
      c->is_over |= deadline <= now() || (c->platform == TAGOTIP && tipwire_server_is_closed(&c->server));
    }
    if (c->is_over) {
      *at = c->next;
      close(c->socket);
      free(c);
      connection_count--;
    } else {
      first = deadline < first ? deadline : first;
      at = &c->next;
    }
  }
  return first;
}

static int listen_on(const char *host, const char *port, const char *name) {
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)atoi(port));
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
      bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
    perror(name);
    exit(1);
  }
  fcntl(listener, F_SETFL, O_NONBLOCK);
  printf("%s %s:%d\n", name, host, ntohs(address.sin_port));
  return listener;
}

int main(int count, char **arguments) {
  static const char *const PORTS[PLATFORMS] = {"5693", "7653", "10560"};
  const char *host = count > 1 ? arguments[1] : "127.0.0.1";
  int listeners[PLATFORMS];
  setvbuf(stdout, NULL, _IOLBF, 0);
  poller = epoll_create1(0);
  tipwire_converter_init(&converter, "text", "", NULL, 0, NULL, 0);
  for (int platform = PLATFORMS - 1; platform >= 0; platform--) {
    struct epoll_event wanted;
    const char *port = count > platform + 2 ? arguments[platform + 2] : count > 2 ? "0" : PORTS[platform];
    listeners[platform] = listen_on(host, port, NAMES[platform]);
    wanted.events = EPOLLIN;
    wanted.data.ptr = &listeners[platform];
    epoll_ctl(poller, EPOLL_CTL_ADD, listeners[platform], &wanted);
  }
  for (;;) {
    struct epoll_event events[64];
    uint64_t deadline = sweep(), wait = deadline <= now() ? 0 : deadline - now();
    int ready = epoll_wait(poller, events, 64, wait > 60000 ? 60000 : (int)wait);
    for (int at = 0; at < ready; at++) {
      int platform = 0;
      while (platform < PLATFORMS && events[at].data.ptr != &listeners[platform]) {
        platform++;
      }
      if (platform < PLATFORMS) {
        accept_one(listeners[platform], platform);
      } else {
        serve((connection *)events[at].data.ptr, events[at].events);
      }
    }
  }
}
