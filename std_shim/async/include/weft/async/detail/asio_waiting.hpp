#pragma once
// Room: async. What fibers wait for, as an operation of Asio's: a helper fiber waits, and hands the result to the
// handler, on its executor. It keeps that executor at work meanwhile.
//
// "Handing to a handler": the handler is in the record that the helper and the cancellation slot share. The helper
// takes it out when its wait is over, however it ended, or its closure does when it never ran. The slot asks the
// helper to end, from any thread, and touches nothing else; one that comes late asks a fiber that has ended, which is
// nothing.

#include <weft/async/detail/need_coroutines.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/version.hpp>
#if BOOST_VERSION >= 107700
#include <boost/asio/associated_cancellation_slot.hpp>
#endif

#include <weft/async/detail/coroutine_home.hpp>
#include <weft/async/detail/results.hpp>
#include <weft/async/detail/waiting_coroutine.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

template <class Handle>
concept waitable_in_asio = waitable<Handle> && !std::is_reference_v<source_result<Handle>>;

// The handler takes a Given made of the result: itself, or an optional of one that has no default.
template <class Given, class Source, class Handler>
class handler_record {
 public:
  using result = typename Source::result;

  handler_record(Source from, Handler handler)
      : source_(std::move(from)),
        handler_(std::move(handler)),
        executor_(boost::asio::prefer(boost::asio::get_associated_executor(handler_),
                                      boost::asio::execution::outstanding_work.tracked)) {}

  static void start(std::shared_ptr<handler_record> self) {
    using body = joinable_body<helper, void>;
    handler_record& mine = *self;
    fiber_block* const made =
        make_fiber_for(coroutine_home(), {.name = "as_awaitable"}, source_site::current(), helper(self)).fiber;
    mine.helper_ = join_handle<void>(made);
    mine.is_started_ = true;
    mine.listen(self);
    start_joinable(made, body::body);
  }

 private:
  class helper {
   public:
    explicit helper(std::shared_ptr<handler_record> of) noexcept : of_(std::move(of)) {}
    helper(helper&&) noexcept = default;
    helper& operator=(helper&&) = delete;
    ~helper() {
      if (of_ != nullptr && of_->is_started_) of_->hand_over();
    }
    void operator()() {
      const std::shared_ptr<handler_record> mine = std::move(of_);
      keep_result(mine->outcome_, mine->source_);
      mine->hand_over();
    }

   private:
    std::shared_ptr<handler_record> of_;
  };

#if BOOST_VERSION >= 107700
  void listen(const std::shared_ptr<handler_record>& self) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected()) return;
    slot.assign([weak = std::weak_ptr<handler_record>(self)](boost::asio::cancellation_type) {
      if (const auto still = weak.lock()) still->helper_.request_stop();
    });
  }
#else
  void listen(const std::shared_ptr<handler_record>&) noexcept {}
#endif

  [[nodiscard]] std::exception_ptr failure() {
    if (outcome_.how() == ending::returned) return nullptr;
    try {
      (void)take_outcome_of_another();
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }
  [[noreturn]] void take_outcome_of_another() {
    if (outcome_.how() == ending::threw) std::rethrow_exception(outcome_.thrown());
    throw_ended("as_awaitable");
  }

  void hand_over() {
    boost::asio::dispatch(executor_,
                          [handler = std::move(handler_), failed = failure(), given = take_given()]() mutable {
#if BOOST_VERSION >= 107700
                            auto slot = boost::asio::get_associated_cancellation_slot(handler);
                            if (slot.is_connected()) slot.clear();
#endif
                            if constexpr (std::is_void_v<Given>)
                              handler(failed);
                            else
                              handler(failed, std::move(given));
                          });
  }

  auto take_given() {
    if constexpr (std::is_void_v<Given>)
      return nullptr;
    else
      return outcome_.how() == ending::returned ? Given(std::move(outcome_.value())) : Given();
  }

  Source source_;
  Handler handler_;
  std::decay_t<typename boost::asio::prefer_result<boost::asio::associated_executor_t<Handler>,
                                                   boost::asio::execution::outstanding_work_t::tracked_t>::type>
      executor_;
  outcome<result> outcome_;
  bool is_started_ = false;
  join_handle<void> helper_;
};

template <class Given>
struct start_handler_record {
  template <class Handler, class Source>
  void operator()(Handler&& handler, Source from) const {
    using record = handler_record<Given, Source, std::decay_t<Handler>>;
    record::start(std::make_shared<record>(std::move(from), std::forward<Handler>(handler)));
  }
};

template <class Given>
struct handed_signature {
  using type = void(std::exception_ptr, Given);
};
template <>
struct handed_signature<void> {
  using type = void(std::exception_ptr);
};

template <class Given, class Source, class Token>
auto async_wait_for(Source from, Token&& token) {
  return boost::asio::async_initiate<Token, typename handed_signature<Given>::type>(start_handler_record<Given>(),
                                                                                    token, std::move(from));
}

// A source that stands elsewhere.
template <class Source>
struct source_elsewhere {
  using result = typename Source::result;
  Source* there;
  result wait() { return there->wait(); }
};

// The coroutine of Asio's that asio_awaiter is to other coroutines of Asio's.
template <class Source>
boost::asio::awaitable<typename Source::result> wait_in_asio(Source* from) {
  using result = typename Source::result;
  const auto token = boost::asio::use_awaitable;
  if constexpr (std::is_void_v<result>)
    co_await async_wait_for<void>(source_elsewhere<Source>{from}, token);
  else
    co_return std::move(*co_await async_wait_for<std::optional<result>>(source_elsewhere<Source>{from}, token));
}

template <class Source>
struct held_waiting {
  fiber_awaiter<Source> waiting;
};

// To coroutines of Asio's an asio::awaitable, which they take out of it; to others an awaiter.
template <class Source>
class [[nodiscard]] asio_awaiter : held_waiting<Source>, public boost::asio::awaitable<typename Source::result> {
 public:
  explicit asio_awaiter(Source from)
      : held_waiting<Source>{fiber_awaiter<Source>(std::move(from))},
        boost::asio::awaitable<typename Source::result>(wait_in_asio(&this->waiting.source())) {}
  asio_awaiter(const asio_awaiter&) = delete;
  asio_awaiter& operator=(const asio_awaiter&) = delete;

  [[nodiscard]] bool await_ready() { return this->waiting.await_ready(); }
  void await_suspend(std::coroutine_handle<> coroutine) { this->waiting.await_suspend(coroutine); }
  typename Source::result await_resume() { return this->waiting.await_resume(); }
};

}  // namespace weft::detail

#pragma GCC visibility pop
