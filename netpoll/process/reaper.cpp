// Room: netpoll. See reaper.hpp.

#include "reaper.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/own_thread.hpp>
#include <weft/runtime/detail/thread_safety.hpp>

#include "child_calls.hpp"
#include "child_watch.hpp"
#include "descriptor_calls.hpp"
#include "unique_fd.hpp"

namespace weft::net {

using weft::detail::internal_guard;

namespace {

class reaper {
 public:
  std::error_code take(pid_t pid, detail::unique_fd watch) {
    const internal_guard guard(lock_);
    const int fd = watch.get();
    orphans_.push_back({pid, std::move(watch)});                                           // G1
    if (event_.waited >= 0) return detail::raise_event(event_.raised), std::error_code();  // G2
    const std::error_code ec = start();                                                    // G3
    if (ec) drop(fd);
    return ec;
  }

  // F1 to F3.
  void begin_fork() noexcept WEFT_ACQUIRE(lock_) { lock_.lock(); }
  void end_fork_in_parent() noexcept WEFT_RELEASE(lock_) { lock_.unlock(); }
  void end_fork_in_child() noexcept WEFT_RELEASE(lock_) {
    orphans_.clear();
    if (event_.waited >= 0) close_event();
    lock_.unlock();
  }

 private:
  struct orphan {
    pid_t pid;
    detail::unique_fd watch;
  };

  std::error_code start() WEFT_REQUIRES(lock_) try {
    event_ = detail::open_event();
    if (event_.error) return std::exchange(event_, {}).error;
    std::thread([this] { run(); }).detach();
    return {};
  } catch (const std::system_error& e) {
    close_event();
    return e.code();
  } catch (const std::bad_alloc&) {  // an event that stayed would pass for a thread
    close_event();
    return std::make_error_code(std::errc::not_enough_memory);
  }

  void close_event() noexcept WEFT_REQUIRES(lock_) {
    detail::close_raised_end(event_);
    detail::close_descriptor(event_.waited);
    event_ = {};
  }

  void run() noexcept {
    const weft::detail::own_thread counted;  // it wakes no fiber: nobody waits for these children
    detail::block_all_signals();
    while (go_on()) continue;
  }

  // R1 to R3. False: there is nobody left. Without memory for its lists it tries again: whom it reaps nobody else does.
  bool go_on() noexcept try {
    std::vector<int> ready;
    if (!list(ready)) return false;
    detail::wait_for_readable(ready);  // R2
    for (const int fd : ready)
      if (fd >= 0) look(fd);
    return true;
  } catch (const std::bad_alloc&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return true;
  }

  // R1. The event is the first.
  bool list(std::vector<int>& descriptors) {
    const internal_guard guard(lock_);
    if (orphans_.empty()) {
      close_event();  // nobody runs
      return false;
    }
    descriptors.assign(1, event_.waited);
    for (const orphan& each : orphans_) descriptors.push_back(each.watch.get());
    return true;
  }

  // R3.
  void look(int fd) noexcept {
    const internal_guard guard(lock_);
    if (fd == event_.waited) return detail::lower_event(fd);
    const auto found = find(fd);
    if (detail::reap_child(found->pid, fd).is_over) drop(fd);
  }

  std::vector<orphan>::iterator find(int fd) WEFT_REQUIRES(lock_) {
    return std::find_if(orphans_.begin(), orphans_.end(), [fd](const orphan& each) { return each.watch.get() == fd; });
  }

  void drop(int fd) WEFT_REQUIRES(lock_) { orphans_.erase(find(fd)); }

  weft::detail::internal_lock lock_;
  std::vector<orphan> orphans_ WEFT_GUARDED_BY(lock_);
  detail::opened_event event_ WEFT_GUARDED_BY(lock_);  // there while the thread runs
};

reaper* g_the_one = nullptr;  // for the handlers, which come after it

// Never destroyed: its thread may be there when the process ends.
reaper* make_reaper() {
  g_the_one = new reaper;
  detail::call_around_forks([]() WEFT_NO_THREAD_SAFETY_ANALYSIS { g_the_one->begin_fork(); },
                            []() WEFT_NO_THREAD_SAFETY_ANALYSIS { g_the_one->end_fork_in_parent(); },
                            []() WEFT_NO_THREAD_SAFETY_ANALYSIS { g_the_one->end_fork_in_child(); });
  return g_the_one;
}

reaper& the_reaper() {
  static reaper& the_one = *make_reaper();
  return the_one;
}

}  // namespace

std::error_code reap_in_background(pid_t pid, int watch) {
  const detail::opened copy = detail::duplicate(watch);
  if (copy.error) return copy.error;
  return the_reaper().take(pid, detail::unique_fd(copy.fd));
}

}  // namespace weft::net
