#pragma once
// Room: tests. A lazy task as a user would write one: it knows nothing of weft. Who awaits it starts it, and goes on
// where it ends.

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace weft::testing {

template <class T>
class lazy_task {
 public:
  struct promise_type {
    struct at_the_end {
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
        return self.promise().next;
      }
      void await_resume() const noexcept {}
    };
    lazy_task get_return_object() { return lazy_task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    at_the_end final_suspend() noexcept { return {}; }
    void unhandled_exception() { thrown = std::current_exception(); }
    void return_value(T from) { value.emplace(std::move(from)); }

    std::coroutine_handle<> next;
    std::optional<T> value;
    std::exception_ptr thrown;
  };

  lazy_task(lazy_task&& from) noexcept : self_(std::exchange(from.self_, nullptr)) {}
  lazy_task& operator=(lazy_task&&) = delete;
  ~lazy_task() {
    if (self_) self_.destroy();
  }

  auto operator co_await() && {
    struct waits {
      std::coroutine_handle<promise_type> self;
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> next) const noexcept {
        self.promise().next = next;
        return self;
      }
      T await_resume() const {
        if (self.promise().thrown) std::rethrow_exception(self.promise().thrown);
        return std::move(*self.promise().value);
      }
    };
    return waits{self_};
  }

  // Begins it for nobody; its end is where it stays.
  void begin() {
    self_.promise().next = std::noop_coroutine();
    self_.resume();
  }
  [[nodiscard]] bool is_done() const { return self_.done(); }

 private:
  explicit lazy_task(std::coroutine_handle<promise_type> self) : self_(self) {}
  std::coroutine_handle<promise_type> self_;
};

// A coroutine that nobody waits for.
struct detached_coroutine {
  struct promise_type {
    detached_coroutine get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { std::terminate(); }
    void return_void() noexcept {}
  };
};

}  // namespace weft::testing
