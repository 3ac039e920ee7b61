/* Descriptors for which there is no room are told to be cut off (MSG_CTRUNC), and closed.
 * Tests: descriptor_passing.more_than_was_asked_for* */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>

int main(void) {
  int pair[2], passed[4] = {0, 0, 0, 0};
  char byte = 1, given[CMSG_SPACE(sizeof passed)], room[CMSG_SPACE(2 * sizeof(int))];
  struct iovec part = {&byte, 1};
  struct msghdr out = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = given, .msg_controllen = sizeof given};
  struct msghdr in = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  memset(given, 0, sizeof given);
  *CMSG_FIRSTHDR(&out) = (struct cmsghdr){CMSG_LEN(sizeof passed), SOL_SOCKET, SCM_RIGHTS};
  memcpy(CMSG_DATA(CMSG_FIRSTHDR(&out)), passed, sizeof passed);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || sendmsg(pair[0], &out, 0) != 1) return 2;
  return recvmsg(pair[1], &in, 0) != 1 || !(in.msg_flags & MSG_CTRUNC);
}
