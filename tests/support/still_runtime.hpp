#pragma once
// Room: tests. A runtime that nothing from outside disturbs: its clock stands still, and its netpoller thread, which
// would help whoever lost the processor for a moment, is held in a poller where it has come to look. So nothing but its
// workers decides who runs, and at one worker who runs when is the same in every run.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <pthread.h>

#include <support/manual_clock.hpp>

#include <weft/runtime/poller.hpp>
#include <weft/runtime/runtime.hpp>

namespace weft::testing {

// Nobody waits in it. Workers sleep in it, and the netpoller thread, which asks first, stays until it is let go.
class holding_poller : public detail::poller {
 public:
  void poll(deadline until, detail::ready_batch&) noexcept override {
    if (until > deadline::from_nanoseconds(0)) woken_.wait(false);
    woken_ = false;
  }
  void wake() noexcept override {
    woken_ = true;
    woken_.notify_one();
  }
  [[nodiscard]] bool has_waiters() const noexcept override {
    if (!is_netpoller()) return false;
    has_come_ = true;
    let_go_.wait(false);
    return false;
  }

  [[nodiscard]] bool has_come() const noexcept { return has_come_; }
  void let_go() noexcept {
    let_go_ = true;
    let_go_.notify_all();
  }

 private:
  static bool is_netpoller() noexcept {
    char name[16] = {};
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
    return std::string_view(name) == "weft-netpoll";
  }

  std::atomic<bool> woken_{false};
  std::atomic<bool> let_go_{false};
  mutable std::atomic<bool> has_come_{false};
};

class still_runtime {
 public:
  explicit still_runtime(std::size_t workers) : runtime_(weft::options{.workers = workers}, &clock) {
    runtime_.run([this] {
      poller_ = static_cast<holding_poller*>(
          &detail::this_poller([]() -> std::unique_ptr<detail::poller> { return std::make_unique<holding_poller>(); }));
      while (!poller_->has_come()) {  // no switch point: the netpoller thread looks while a worker runs
      }
    });
  }
  ~still_runtime() { poller_->let_go(); }
  still_runtime(const still_runtime&) = delete;
  still_runtime& operator=(const still_runtime&) = delete;

  template <class F>
  auto run(F&& body) {
    return runtime_.run(std::forward<F>(body));
  }
  [[nodiscard]] runtime& get() noexcept { return runtime_; }

  manual_clock clock;

 private:
  runtime runtime_;
  holding_poller* poller_ = nullptr;
};

}  // namespace weft::testing
