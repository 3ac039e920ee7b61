#pragma once
// Room: async. What fibers wait for, as a sender: a helper fiber waits, and completes it. An operation that has begun
// is not destroyed before it is complete, so the helper always finds it.

#include <weft/async/detail/sender_library.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/async/detail/fiber_source.hpp>
#include <weft/async/detail/coroutine_home.hpp>
#include <weft/async/detail/results.hpp>
#include <weft/runtime/spawn.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class Result>
struct handle_completions {
  using type = senders::completion_signatures<senders::set_value_t(Result), senders::set_error_t(std::exception_ptr),
                                              senders::set_stopped_t()>;
};
template <>
struct handle_completions<void> {
  using type = senders::completion_signatures<senders::set_value_t(), senders::set_error_t(std::exception_ptr),
                                              senders::set_stopped_t()>;
};

template <class Source, class Receiver>
class handle_operation {
 public:
  using operation_state_concept = senders::operation_state_t;

  handle_operation(Source from, Receiver receiver) : source_(std::move(from)), receiver_(std::move(receiver)) {}
  handle_operation(handle_operation&&) = delete;

  void start() noexcept {
    using body = joinable_body<helper, void>;
    helper mine(*this);
    fiber_block* made = nullptr;
    try {
      made = make_fiber_for(coroutine_home(), {.name = "as_sender"}, source_site::current(), std::move(mine)).fiber;
    } catch (...) {
      mine.forget();
      return senders::set_error(std::move(receiver_), std::current_exception());
    }
    helper_ = join_handle<void>(made);
    stops_.emplace(senders::get_stop_token(senders::get_env(receiver_)), stopper{helper_});
    start_joinable(made, body::body);  // from here on this may be gone
  }

 private:
  using result = typename Source::result;

  class helper {
   public:
    explicit helper(handle_operation& of) noexcept : of_(&of) {}
    helper(helper&& from) noexcept : of_(std::exchange(from.of_, nullptr)) {}
    helper& operator=(helper&&) = delete;
    ~helper() {
      if (of_ != nullptr) of_->complete();
    }
    void forget() noexcept { of_ = nullptr; }
    void operator()() noexcept {
      handle_operation& mine = *std::exchange(of_, nullptr);
      keep_result(mine.outcome_, mine.source_);
      mine.complete();
    }

   private:
    handle_operation* of_;
  };

  struct stopper {
    join_handle<void>& asks;
    void operator()() const noexcept { asks.request_stop(); }
  };
  using stop_callback = senders::stop_callback_for_t<senders::stop_token_of_t<senders::env_of_t<Receiver>>, stopper>;

  // Without a result, if the helper never ran.
  void complete() noexcept {
    stops_.reset();
    helper_.detach();
    switch (outcome_.how()) {
      case ending::cancelled: return senders::set_stopped(std::move(receiver_));
      case ending::threw: return senders::set_error(std::move(receiver_), std::move(outcome_.thrown()));
      case ending::returned: break;
    }
    if constexpr (std::is_void_v<result>)
      senders::set_value(std::move(receiver_));
    else if constexpr (std::is_reference_v<result>)
      senders::set_value(std::move(receiver_), *outcome_.value());
    else
      senders::set_value(std::move(receiver_), std::move(outcome_.value()));
  }

  Source source_;
  Receiver receiver_;
  outcome<result> outcome_;
  join_handle<void> helper_;
  std::optional<stop_callback> stops_;
};

template <class Source>
class sender_of_handle {
 public:
  using sender_concept = senders::sender_t;
  using completion_signatures = typename handle_completions<typename Source::result>::type;

  explicit sender_of_handle(Source from) : from_(std::move(from)) {}

  template <class Receiver>
  [[nodiscard]] auto connect(Receiver receiver) && {
    return handle_operation<Source, Receiver>(std::move(from_), std::move(receiver));
  }

 private:
  Source from_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
