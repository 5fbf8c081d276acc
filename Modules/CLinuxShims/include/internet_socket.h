// Provides TCP sockets on the loopback interface: addresses in network byte order, built by macros that Swift does not
// see.
#ifndef INTERNET_SOCKET_H
#define INTERNET_SOCKET_H

#include "gnu_source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// A close-on-exec TCP socket bound to 127.0.0.1 and `port` (0: any free one); -1 and errno on failure.
static inline int linux_loopback_bind(uint16_t port) {
  int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (number < 0) return -1;
  int on = 1;
  setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(number, (struct sockaddr *)&address, sizeof address) != 0) {
    int error = errno;
    close(number);
    errno = error;
    return -1;
  }
  return number;
}

// The next connection of a listening socket, close-on-exec; -1 and errno on failure.
static inline int linux_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC); }

// The local port of a socket; 0 on failure.
static inline uint16_t linux_socket_port(int number) {
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  if (getsockname(number, (struct sockaddr *)&address, &size) != 0) return 0;
  return ntohs(address.sin_port);
}

// Makes close(2) of the socket send RST instead of FIN.
static inline void linux_socket_reset_on_close(int number) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

#endif
