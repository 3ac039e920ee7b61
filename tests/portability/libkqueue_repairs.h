/* Room: tests. Included before everything in each file of libkqueue, when ./dev portability builds it: two things that it
 * does and a kernel's kqueue does not, and one that it cannot.
 * - It looks at SO_ERROR to fill in an event, and that takes the error away from whoever asks or reads next.
 * - It asks epoll for as many descriptors as there is room for events, and drops what does not fit: but a descriptor can be
 *   two events, of reading and of writing.
 * - No kqueue of its can be waited for. The epoll behind it can: weft_epoll_of says which it is. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#undef SO_ERROR
#define SO_ERROR SO_TYPE

static inline int weft_wait_for_half(int epoll, struct epoll_event* events, int room, int timeout) {
  return epoll_wait(epoll, events, room > 1 ? room / 2 : 1, timeout);
}
#define epoll_wait weft_wait_for_half

__attribute__((weak, visibility("default"))) int weft_epoll_of[1 << 16];
static __thread int weft_last_epoll __attribute__((unused));

static inline int weft_epoll_create1(int flags) { return weft_last_epoll = epoll_create1(flags); }
#define epoll_create1 weft_epoll_create1

/* A kqueue is made of an epoll and, after it, a pipe, whose end for writing is its number. */
static inline int weft_pipe2(int ends[2], int flags) {
  const int result = pipe2(ends, flags);
  if (result == 0 && ends[1] < (int)(sizeof(weft_epoll_of) / sizeof(weft_epoll_of[0])))
    weft_epoll_of[ends[1]] = weft_last_epoll;
  return result;
}
#define pipe2 weft_pipe2
