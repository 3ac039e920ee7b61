#pragma once
// Room: tests of runtime. A runtime that nothing from outside disturbs: its clock stands still, and its netpoller
// thread, which would help whoever lost the processor for a moment, is held in a poller where it has come to look.
// So nothing but its workers decides who runs, and at one worker who runs when is the same in every run.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <weft/runtime/poller.hpp>
#include <weft/runtime/runtime.hpp>

#include "manual_clock.hpp"
#include "this_worker.hpp"

namespace weft::testing {

// Nobody waits in it; workers sleep in it, and other threads that ask stay inside until they are let go.
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
    if (detail::this_worker() != nullptr) return false;
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
  std::atomic<bool> woken_{false};
  std::atomic<bool> let_go_{false};
  mutable std::atomic<bool> has_come_{false};
};

class still_runtime {
 public:
  explicit still_runtime(std::size_t workers, std::size_t stack_size = 0)
      : runtime_(weft::options{.workers = workers, .stack_size = stack_size}, &clock) {
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

// How many switches the worker of the calling fiber has made.
[[nodiscard]] inline std::uint64_t turn_now() noexcept { return detail::this_worker()->turn; }

}  // namespace weft::testing
