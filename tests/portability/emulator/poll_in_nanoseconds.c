/* There is epoll_pwait2; whether to do without it is asked once for a process, and not in a test of that.
 * Tests: epoll_poller.milliseconds_are_rounded_up posix_more.epoll_has_a_time_in_nanoseconds* */
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  struct epoll_event event;
  const struct timespec soon = {0, 1};
  return syscall(441, epoll_create1(0), &event, 1, &soon, (void*)0, (unsigned long)8) != 0;
}
