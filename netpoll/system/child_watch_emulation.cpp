// Room: netpoll. See child_watch_emulation.hpp. Compiled where it is needed alone.

#include "child_watch_emulation.hpp"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>

#include "descriptor_calls.hpp"

// Of libkqueue as tests/portability/libkqueue_repairs.h leaves it: the epoll behind each kqueue.
extern "C" int weft_epoll_of[];
// Of libkqueue alone, in none of its headers: returns when its thread has closed what we have.
extern "C" void libkqueue_drain_pending_close();

namespace weft::net::detail {

namespace {

// What a kqueue tells it goes on telling when the child has been reaped. Never closed.
const int k_always_readable = ::eventfd(1, EFD_CLOEXEC);  // no faults: before main

using watched_child = std::pair<pid_t, unique_fd>;

constinit weft::detail::internal_lock g_children_lock;
constinit std::vector<watched_child>* g_children WEFT_GUARDED_BY(g_children_lock) = nullptr;

// In the order of their births: of two with one number the first is the one that has been reaped.
unique_fd take_kqueue_of(pid_t pid) noexcept {
  const weft::detail::internal_guard guard(g_children_lock);
  if (g_children == nullptr) return {};
  const auto found =
      std::find_if(g_children->begin(), g_children->end(), [pid](auto& each) { return each.first == pid; });
  if (found == g_children->end()) return {};
  unique_fd kqueue = std::move(found->second);
  g_children->erase(found);
  return kqueue;
}

}  // namespace

opened readable_as(unique_fd& kqueue, pid_t pid) noexcept try {
  const opened copy = duplicate(weft_epoll_of[kqueue.get()]);
  unique_fd readable(copy.fd);
  if (copy.error) return copy;
  const weft::detail::internal_guard guard(g_children_lock);
  if (g_children == nullptr) g_children = new std::vector<watched_child>;  // never destroyed
  g_children->emplace_back(pid, std::move(kqueue));
  return {readable.release(), {}};
} catch (const std::bad_alloc&) {
  return {-1, std::make_error_code(std::errc::not_enough_memory)};
}

// no faults: nobody hears of them.
void note_reaped(pid_t pid, int watch) noexcept {
  epoll_event event{.events = EPOLLIN, .data = {}};
  ::epoll_ctl(watch, EPOLL_CTL_ADD, k_always_readable, &event);
  if (take_kqueue_of(pid).get() >= 0) libkqueue_drain_pending_close();  // it is closed by now
}

}  // namespace weft::net::detail
