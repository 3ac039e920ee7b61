#pragma once
// Room: async. The coroutine behind weft::await: it waits for one thing on behalf of a fiber, and then says so.

#include <weft/async/detail/awaitable.hpp>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

#include <weft/async/detail/pending_result.hpp>
#include <weft/async/detail/results.hpp>
#include <weft/runtime/detail/outcome.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// What a promise does with its result; apart, because return_void and return_value exclude each other.
template <class R>
struct awaited_value {
  template <class V>
  void return_value(V&& value) {
    auto give = [&value]() -> R { return static_cast<R>(std::forward<V>(value)); };
    result.set_result_of(give);
  }
  outcome<R> result;
};

template <>
struct awaited_value<void> {
  void return_void() noexcept {
    auto nothing = [] {};
    result.set_result_of(nothing);
  }
  outcome<void> result;
};

// Its frame belongs to the fiber, which waits until the coroutine stands at its end, where nobody resumes it any more.
template <class R>
class awaited {
 public:
  struct promise_type : awaited_value<R> {
    struct at_the_end {
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      // The last that is done here: the fiber destroys the frame.
      void await_suspend(std::coroutine_handle<promise_type> self) const noexcept { self.promise().over.let_go(); }
      void await_resume() const noexcept {}
    };

    awaited get_return_object() noexcept { return awaited(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    at_the_end final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { this->result.fail(std::current_exception()); }

    pending_result over;
  };

  // clang before 17 moves it out of the coroutine.
  awaited(awaited&& from) noexcept : self_(std::exchange(from.self_, nullptr)) {}
  awaited& operator=(awaited&&) = delete;
  ~awaited() {
    if (self_) self_.destroy();
  }

  // Runs it here as far as it goes, and waits for the rest.
  R take() {
    promise_type& mine = self_.promise();
    self_.resume();
    mine.over.wait_out("await");
    return take_outcome(mine.result, "await");
  }

 private:
  explicit awaited(std::coroutine_handle<promise_type> self) noexcept : self_(self) {}

  std::coroutine_handle<promise_type> self_;
};

// g++ 12 and older warn of the frame of a coroutine template that is given a type of an unnamed namespace.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

// `from` stands on the frame of the caller, who waits.
template <class R, class A>
awaited<R> await_for(A&& from) {
  co_return co_await static_cast<A&&>(from);
}

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace weft::detail

#pragma GCC visibility pop
