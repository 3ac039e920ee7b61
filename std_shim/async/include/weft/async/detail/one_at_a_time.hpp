#pragma once
// Room: async. The executor on which a coroutine of Asio's is awaited: weft::executor, whose functions are fibers, but
// one of them at a time.
//
// A coroutine alone needs no such thing: its steps follow each other. But a request to end is a step, too, and comes
// when it likes; Asio's cancellation slots, which each operation that the coroutine begins fills anew, are no more
// thread-safe than that. asio::strand would do, but for steps that park (README.md): so a weft::mutex. A step that
// parks keeps it, and the request comes to the next one.
// Nothing is run in place: who dispatches may be inside already.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>

#include <weft/async/executor.hpp>
#include <weft/sync/mutex.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

class one_at_a_time {
 public:
  explicit one_at_a_time(const executor& on)
      : on_(on.require(boost::asio::execution::blocking.never)), door_(std::make_shared<mutex>()) {}

  template <class F>
  void execute(F&& f) const {
    on_.execute([door = door_, step = std::decay_t<F>(std::forward<F>(f))]() mutable {
      const std::scoped_lock<mutex> turn(*door);
      step();
    });
  }

  [[nodiscard]] boost::asio::execution_context& context() const noexcept { return on_.context(); }
  static boost::asio::execution_context& query(boost::asio::execution::context_t context) noexcept {
    return executor::query(context);
  }
  static constexpr boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) noexcept {
    return boost::asio::execution::blocking.never;
  }
  static constexpr auto query(boost::asio::execution::mapping_t mapping) noexcept { return executor::query(mapping); }
  static constexpr auto query(boost::asio::execution::relationship_t relation) noexcept {
    return executor::query(relation);
  }
  static constexpr auto query(boost::asio::execution::outstanding_work_t work) noexcept {
    return executor::query(work);
  }
  [[nodiscard]] one_at_a_time require(boost::asio::execution::blocking_t::never_t) const noexcept { return *this; }

  friend bool operator==(const one_at_a_time& a, const one_at_a_time& b) noexcept { return a.door_ == b.door_; }
  friend bool operator!=(const one_at_a_time& a, const one_at_a_time& b) noexcept { return !(a == b); }

 private:
  executor on_;
  std::shared_ptr<mutex> door_;
};

}  // namespace weft::detail

#pragma GCC visibility pop
