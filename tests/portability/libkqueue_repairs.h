/* Room: tests. Included before everything in each file of libkqueue, when ./dev portability builds it: two things that it
 * does and a kernel's kqueue does not.
 * - It looks at SO_ERROR to fill in an event, and that takes the error away from whoever asks or reads next.
 * - It asks epoll for as many descriptors as there is room for events, and drops what does not fit: but a descriptor can be
 *   two events, of reading and of writing. */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>

#undef SO_ERROR
#define SO_ERROR SO_TYPE

static inline int weft_wait_for_half(int epoll, struct epoll_event* events, int room, int timeout) {
  return epoll_wait(epoll, events, room > 1 ? room / 2 : 1, timeout);
}
#define epoll_wait weft_wait_for_half
