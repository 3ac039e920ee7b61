#pragma once
// Room: async. A coroutine that waits for what fibers wait for. A helper fiber waits in its place, and resumes it.
//
// "Waiting in its place", on the word `stage_`; the awaiter stands in the coroutine's frame:
//   the helper                                        whoever destroys the coroutine while it waits
//   S1 wait; leave the result in the awaiter          D1 waiting -> left
//   S2 waiting -> resumed; lost: end                  D2 won: ask the helper to end, and join it
//   S3 resume the coroutine: the awaiter may be       D3 lost: the coroutine has been resumed, on the helper or by
//      gone when that returns                            now elsewhere; let go of the helper
// - Until D2 has joined it, the helper finds the awaiter in its place: S1 and S2 need no more than that.
// - The awaiter knows its helper before that is started, so whoever is resumed at once finds it (D3).
// - One that is asked to end before its first turn never runs; its closure takes S2 and S3, without a result.

#include <weft/async/detail/need_coroutines.hpp>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

#include <weft/async/detail/coroutine_home.hpp>
#include <weft/async/detail/fiber_source.hpp>
#include <weft/async/detail/results.hpp>
#include <weft/runtime/spawn.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

// All of it but what is waited for.
class waiting_coroutine {
 public:
  waiting_coroutine(const waiting_coroutine&) = delete;
  waiting_coroutine& operator=(const waiting_coroutine&) = delete;

 protected:
  waiting_coroutine() noexcept = default;
  // Before it waits.
  waiting_coroutine(waiting_coroutine&&) noexcept {}
  ~waiting_coroutine() = default;

  // S2, S3. The awaiter may be gone when it returns.
  void resume() {
    const std::coroutine_handle<> coroutine = coroutine_;
    if (move_to(stage::resumed)) coroutine.resume();
  }

  // D1 to D3, by the destructor of what derives from this, before what the helper uses goes.
  void leave() noexcept {
    if (!helper_.joinable()) return;
    if (move_to(stage::left))
      helper_ = join_handle<void>();
    else
      helper_.detach();
  }

  // Starts a helper that calls run(), of `Derived`.
  template <class Derived>
  void start(Derived& self, std::coroutine_handle<> coroutine) {
    using body = joinable_body<helper<Derived>, void>;
    coroutine_ = coroutine;
    fiber_block* const made =
        make_fiber_for(coroutine_home(), {.name = "as_awaitable"}, source_site::current(), helper<Derived>(self)).fiber;
    helper_ = join_handle<void>(made);
    is_started_ = true;
    start_joinable(made, body::body);  // from here on this may be gone
  }

 private:
  enum class stage : std::uint8_t { waiting, resumed, left };

  template <class Derived>
  class helper {
   public:
    explicit helper(Derived& of) noexcept : of_(&of) {}
    helper(helper&& from) noexcept : of_(std::exchange(from.of_, nullptr)) {}
    helper& operator=(helper&&) = delete;
    ~helper() {
      if (of_ != nullptr && of_->is_started_) of_->resume();
    }
    void operator()() { std::exchange(of_, nullptr)->run(); }

   private:
    Derived* of_;
  };

  bool move_to(stage next) noexcept {
    stage was = stage::waiting;
    // acq_rel: publishes the result to whoever destroys the awaiter, and the other way round; pairs with itself.
    return stage_.compare_exchange_strong(was, next, std::memory_order_acq_rel, std::memory_order_acquire);
  }

  std::atomic<stage> stage_{stage::waiting};
  bool is_started_ = false;
  std::coroutine_handle<> coroutine_;
  join_handle<void> helper_;
};

// The awaiter.
template <class Source>
class [[nodiscard]] fiber_awaiter : public waiting_coroutine {
 public:
  using result = typename Source::result;

  explicit fiber_awaiter(Source from) : source_(std::move(from)) {}
  fiber_awaiter(fiber_awaiter&& from) : waiting_coroutine(std::move(from)), source_(std::move(from.source_)) {}
  ~fiber_awaiter() { leave(); }

  [[nodiscard]] bool await_ready() { return source_.look(result_); }
  void await_suspend(std::coroutine_handle<> coroutine) { start(*this, coroutine); }
  result await_resume() { return take_outcome(result_, "as_awaitable"); }

  // For who waits in another way after all.
  [[nodiscard]] Source& source() noexcept { return source_; }

 private:
  friend waiting_coroutine;

  // S1 to S3, on the helper.
  void run() {
    keep_result(result_, source_);
    resume();
  }

  Source source_;
  outcome<result> result_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
