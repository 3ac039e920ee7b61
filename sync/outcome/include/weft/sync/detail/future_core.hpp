#pragma once
// Room: sync. What a promise and its futures share, without the value's type: what has become of it so far, why it
// failed, and who waits. "Fulfilling" in numbered steps: future_core.cpp. It lives in a shared_ptr that every
// handle on either side holds.
// Next: future_state.hpp, which adds the value.

#include <atomic>
#include <cstdint>
#include <exception>
#include <future>  // std::future_status, std::future_error, std::future_errc

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/detail/atomic.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/sync/detail/wait_queue.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

[[noreturn]] void throw_future_error(std::future_errc what);
// Whether it holds weft::cancelled, which asks the fiber that threw it to end, and nobody else.
[[nodiscard]] bool is_cancelled(const std::exception_ptr& failure) noexcept;

class future_core {
 public:
  // What has become of it. Only ever downwards, but that a setter whose value throws goes back to pending.
  enum class fate : std::uint8_t {
    deferred,   // a function is to be run by whoever waits first
    pending,    // a provider will set it
    being_set,  // one provider, or the one who runs the function, has it to himself
    ready,      // there is a value or a failure, and it stays
  };

  explicit future_core(fate first) noexcept : fate_(first) {}
  virtual ~future_core();
  future_core(const future_core&) = delete;
  future_core& operator=(const future_core&) = delete;

  // --- Whoever holds a future.

  [[nodiscard]] bool is_ready() const noexcept { return is(fate::ready); }
  // Parks until it is ready, or runs the deferred function. A cancellation point. Throws resource_deadlock_would_occur
  // to the one who has it being set, and so would wait for himself.
  void wait();
  // A cancellation point; never runs the function.
  std::future_status wait_until(deadline until);
  // After wait(): throws if there is a failure instead of a value.
  void rethrow_failure() const {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

  // --- The provider. begin_setting, then the value or fail, then publish, or publish_at_end.

  // F1. Throws promise_already_satisfied.
  void begin_setting();
  // F2 has thrown, or publish_at_end: as it was before.
  void take_back() noexcept;
  // F2, the failure instead of a value.
  void fail(std::exception_ptr failure) noexcept;
  void break_promise() noexcept;
  // F3.
  void publish() noexcept;
  // F3 when the calling fiber, or plain thread, has ended; till then the state is kept. Throws std::bad_alloc, and then
  // nothing will be published.
  static void publish_at_end(const std::shared_ptr<future_core>& state);
  // F3 at the end of a scope, however it ends.
  struct publishes {
    future_core& state;
    ~publishes() { state.publish(); }
  };
  // F4: the provider goes. broken_promise, unless something was set.
  void abandon() noexcept;
  // Throws future_already_retrieved the second time.
  void retrieve();

 protected:
  // What a deferred state runs and sets, between begin_setting and publish, which it calls.
  virtual void run_deferred() {}

 private:
  [[nodiscard]] bool is(fate what) const noexcept {
    // acquire: sees the value or the failure; pairs with publish().
    return fate_.load(std::memory_order_acquire) == what;
  }
  bool move_on(fate from, fate to) noexcept;
  void make_ready() noexcept;
  bool wait_until_ready(deadline until);
  void refuse_to_wait_for_self() const;

  // Any thread. It becomes ready under waiters_.lock alone.
  atomic<fate> fate_;
  atomic<bool> retrieved_{false};
  std::atomic<const waiter*> provider_{nullptr};  // who has moved it to being_set, last
  // The provider's; constant once it is ready.
  bool is_broken_ = false;
  std::exception_ptr failure_;
  wait_queue waiters_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
