// Provides packets of a SOCK_SEQPACKET socket together with the sender's credentials.
// Source: unix(7), SCM_CREDENTIALS; cmsg(3).
#ifndef CREDENTIALS_SOCKET_H
#define CREDENTIALS_SOCKET_H

#include "gnu_source.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct linux_packet {
  ssize_t count;         // bytes, 0 at the end, -1 with errno in `error`
  int error;
  int truncated;         // the packet or its control data did not fit
  int has_credentials;
  struct ucred credentials;
};

// Receives one packet, without waiting when `flags` has MSG_DONTWAIT. Of the descriptors that come with it the first goes
// to `kept`, -1 without one; the others are closed, and the first as well when `kept` is NULL.
static inline struct linux_packet linux_receive_packet_keeping(
    int socket, void *_Nullable buffer, size_t size, int flags, int *_Nullable kept) {
  struct linux_packet packet = {0};
  if (kept) *kept = -1;
  union {
    struct cmsghdr alignment;
    char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(4 * sizeof(int))];
  } control;
  struct iovec vector = {buffer, size};
  struct msghdr message = {0};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  do {
    packet.count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
  } while (packet.count < 0 && errno == EINTR);
  if (packet.count < 0) {
    packet.error = errno;
    return packet;
  }
  packet.truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS && header->cmsg_len >= CMSG_LEN(sizeof(struct ucred))) {
      memcpy(&packet.credentials, CMSG_DATA(header), sizeof packet.credentials);
      packet.has_credentials = 1;
    } else if (header->cmsg_type == SCM_RIGHTS) {
      size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t index = 0; index < count; index++) {
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof descriptor);
        if (kept && *kept < 0) {
          *kept = descriptor;
        } else {
          close(descriptor);
        }
      }
    }
  }
  return packet;
}

// Receives one packet. Descriptors that come with it are closed: nobody here wants any.
static inline struct linux_packet linux_receive_packet(int socket, void *_Nullable buffer, size_t size) {
  return linux_receive_packet_keeping(socket, buffer, size, 0, NULL);
}

// Sends one packet; -1 and errno when it fails. Never raises SIGPIPE.
static inline ssize_t linux_send_packet(int socket, const void *_Nonnull buffer, size_t size) {
  ssize_t count;
  do {
    count = send(socket, buffer, size, MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  return count;
}

// Sends one packet with `count` copies of a descriptor, at most 253 (SCM_MAX_FD); -1 and errno when it fails.
static inline ssize_t linux_send_descriptors(
    int socket, const void *_Nonnull buffer, size_t size, int descriptor, int count) {
  union {
    struct cmsghdr alignment;
    char bytes[CMSG_SPACE(253 * sizeof(int))];
  } control = {0};
  struct iovec vector = {(void *)(uintptr_t)buffer, size};
  struct msghdr message = {0};
  if (count < 1 || count > 253) {
    errno = EINVAL;
    return -1;
  }
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
  for (int index = 0; index < count; index++)
    memcpy(CMSG_DATA(header) + (size_t)index * sizeof(int), &descriptor, sizeof descriptor);
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}

static inline int linux_enable_credentials(int socket) {
  int enabled = 1;
  return setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &enabled, sizeof enabled);
}

// The process that made the socket pair; -1 when the kernel does not say.
static inline pid_t linux_peer_process(int socket) {
  struct ucred credentials;
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return -1;
  return credentials.pid;
}

#endif
