/* A device that reports every few seconds and does as it is told.
 *
 *     device [--count N] [--period SECONDS] [--token TOKEN] [--serial SERIAL] [host] [port]
 *
 * The session knows what is to be sent, what has no answer, and when to connect again; here are the
 * socket and the clock. */
#include "tipwire.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *host = "127.0.0.1", *port = "5693";
static tipwire_client client;
static int connection = -1; /* or none */
static unsigned long stored;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* What is reported: tipwire_client_push() has begun the frame, and will end it. */
static void report(tipwire_writer *w, void *context) {
  const unsigned long *nth = (const unsigned long *)context;
  tipwire_number(w, "temperature", 21 + (double)(*nth % 10) / 10, 1);
  tipwire_unit(w, "C");
  tipwire_integer(w, "n", (int64_t)*nth);
}

static void disconnect(void) {
  if (connection >= 0) {
    close(connection);
  }
  connection = -1;
}

/* Begins to connect; poll() tells when that is done. */
static void connect_again(void) {
  struct addrinfo hints, *found;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  disconnect();
  if (getaddrinfo(host, port, &hints, &found) == 0) {
    connection = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (connection >= 0) {
      fcntl(connection, F_SETFL, O_NONBLOCK);
      if (connect(connection, found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS) {
        disconnect();
      }
    }
    freeaddrinfo(found);
  }
  if (connection < 0) {
    tipwire_client_disconnected(&client, now());
  }
}

/* Does what the session wants, given what was received. */
static void handle(tipwire_text received) {
  tipwire_client_event event;
  while (tipwire_client_next(&client, &received, now(), &event) > 0) {
    if (event.type == TIPWIRE_CONNECT) {
      connect_again();
    } else if (event.type == TIPWIRE_DISCONNECT) {
      disconnect();
    } else if (event.type == TIPWIRE_COMMAND) {
      printf("told to %.*s\n", (int)event.text.length, event.text.data);
    } else if (event.type == TIPWIRE_ANSWER && event.is_done) {
      printf("report %lu: %llu stored\n", (unsigned long)event.number, (unsigned long long)event.ack.count);
      stored++;
    } else if (event.type == TIPWIRE_ANSWER) {
      fprintf(stderr, "refused: %.*s\n", (int)event.ack.text.length, event.ack.text.data);
      exit(1);
    }
  }
}

/* Whether the socket is still one. */
static int alive(ssize_t result) { return result > 0 || (result < 0 && (errno == EAGAIN || errno == EINTR)); }

/* Reads and writes what can be read and written now. */
static void exchange(short ready) {
  static char bytes[1024];
  tipwire_text received = {bytes, 0}, output;
  ssize_t count = 1;
  int before = connection;
  if (!tipwire_client_is_connected(&client)) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) {
      tipwire_client_connected(&client, now());
    } else {
      count = 0;
    }
  } else if (ready & (POLLIN | POLLHUP | POLLERR)) {
    count = recv(connection, bytes, sizeof bytes, 0);
    received.length = count > 0 ? (size_t)count : 0;
  }
  handle(received);
  output = tipwire_client_output(&client);
  if (connection == before && alive(count) && output.length > 0) {
    count = send(connection, output.data, output.length, MSG_NOSIGNAL);
    if (count > 0) {
      tipwire_client_sent(&client, (size_t)count, now());
    }
  }
  if (connection == before && !alive(count)) {
    disconnect();
    tipwire_client_disconnected(&client, now());
  }
}

int main(int count, char **arguments) {
  static char queue[4096], input[512];
  const char *token_text = "ate2bd319014b24e0a8aca9f00aea4c0d0", *serial = "sensor-01";
  unsigned long reports = 0, wanted = 0;
  uint64_t period = 2000, next_report = now();
  int place = 0;
  for (int at = 1; at < count; at++) {
    if (arguments[at][0] != '-') {
      *(place++ == 0 ? &host : &port) = arguments[at];
    } else if (at + 1 == count) {
      fprintf(stderr, "%s needs a value\n", arguments[at]);
      return 2;
    } else if (strcmp(arguments[at], "--count") == 0) {
      wanted = strtoul(arguments[++at], NULL, 10);
    } else if (strcmp(arguments[at], "--period") == 0) {
      period = (uint64_t)(atof(arguments[++at]) * 1000);
    } else if (strcmp(arguments[at], "--token") == 0) {
      token_text = arguments[++at];
    } else if (strcmp(arguments[at], "--serial") == 0) {
      serial = arguments[++at];
    }
  }

  tipwire_token token;
  tipwire_hash auth;
  tipwire_client_settings settings;
  int32_t status = tipwire_token_init(&token, token_text, NULL);
  tipwire_client_defaults(&settings);
  settings.seed = now() ^ (uint64_t)getpid() << 32;
  settings.overflow = TIPWIRE_DROP_OLDEST;
  if (status == 0) {
    tipwire_token_hash(&token, &auth);
    tipwire_token_wipe(&token);
    status = tipwire_client_init(&client, &settings, auth.text, serial, queue, sizeof queue, input, sizeof input);
  }
  if (status != 0) {
    tipwire_text why = tipwire_status_sentence(status);
    fprintf(stderr, "%.*s\n", (int)why.length, why.data);
    return 1;
  }

  setvbuf(stdout, NULL, _IOLBF, 0);
  while (wanted == 0 || stored < wanted) {
    tipwire_text nothing = {NULL, 0};
    if (now() >= next_report && (wanted == 0 || reports < wanted)) {
      tipwire_client_push(&client, now(), report, &reports, NULL, NULL);
      reports++;
      next_report += period;
    }
    tipwire_client_timeout(&client, now());
    handle(nothing);
    uint64_t deadline = tipwire_client_deadline(&client), wait;
    if ((wanted == 0 || reports < wanted) && next_report < deadline) {
      deadline = next_report;
    }
    wait = deadline <= now() ? 0 : deadline - now();
    struct pollfd polled = {connection, POLLIN, 0};
    if (!tipwire_client_is_connected(&client) || tipwire_client_output(&client).length > 0) {
      polled.events |= POLLOUT;
    }
    if (poll(&polled, 1, wait > 60000 ? 60000 : (int)wait) > 0) {
      exchange(polled.revents);
    }
  }
  disconnect();
  return 0;
}
