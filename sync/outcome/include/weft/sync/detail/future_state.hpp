#pragma once
// Room: sync. A future_core with the place for its value. Typed states of other kinds (a task's, an async call's)
// derive from it.
// Next: future.hpp.

#include <optional>
#include <type_traits>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/sync/detail/future_core.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

struct nothing {};  // the value of a future<void>

template <class R>
class future_state : public future_core {
 public:
  // A reference is kept as a pointer.
  using kept =
      std::conditional_t<std::is_void_v<R>, nothing,
                         std::conditional_t<std::is_reference_v<R>, std::add_pointer_t<R>, std::remove_cv_t<R>>>;

  explicit future_state(fate first = fate::pending) noexcept : future_core(first) {}

  // A provider's whole act. Throws promise_already_satisfied, and what making the value throws: then nothing is set.
  template <class... Args>
  void set(Args&&... args) {
    provide([&] { value_.emplace(std::forward<Args>(args)...); });
    publish();
  }
  void set_failure(std::exception_ptr failure) {
    provide([&] { fail_unless_cancelled(std::move(failure)); });
    publish();
  }

  // The same, ready when the calling fiber or plain thread has ended. `self` is this state.
  template <class... Args>
  void set_at_end(const std::shared_ptr<future_core>& self, Args&&... args) {
    provide([&] {
      value_.emplace(std::forward<Args>(args)...);
      publish_at_end(self);
    });
  }
  void set_failure_at_end(const std::shared_ptr<future_core>& self, std::exception_ptr failure) {
    provide([&] {
      fail_unless_cancelled(std::move(failure));
      publish_at_end(self);
    });
  }

  // After begin_setting: sets what f() returns or throws. weft::cancelled breaks the promise and goes on its way.
  template <class F>
  void set_result_of(F&& f) {
    const publishes at_the_end_of_this{*this};
    make_result_of(f);
  }

  // All of it but to publish.
  template <class F>
  void make_result_of(F&& f) {
    try {
      emplace_result(f);
    } catch (const cancelled&) {
      break_promise();
      throw;
    } catch (...) {
      fail(std::current_exception());
    }
  }

  // After wait(). Throws the failure.
  [[nodiscard]] kept& value() {
    rethrow_failure();
    return *value_;
  }

 private:
  void fail_unless_cancelled(std::exception_ptr failure) noexcept {
    is_cancelled(failure) ? break_promise() : fail(std::move(failure));
  }

  template <class Make>
  void provide(Make make) {
    begin_setting();
    try {
      make();
    } catch (...) {
      take_back();
      throw;
    }
  }

  template <class F>
  void emplace_result(F& f) {
    if constexpr (std::is_void_v<R>) {
      f();
      value_.emplace();
    } else if constexpr (std::is_reference_v<R>) {
      value_.emplace(std::addressof(f()));
    } else {
      value_.emplace(f());
    }
  }

  // Of whoever has moved the fate to being_set; constant once it is ready, but for the one future that moves it out.
  std::optional<kept> value_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
