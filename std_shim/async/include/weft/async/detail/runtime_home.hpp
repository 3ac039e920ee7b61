#pragma once
// Room: async. A runtime, for those who may outlive it: executors, which are copied to wherever Asio likes.
//
// "Outliving", both sides:
//   who starts a fiber in it from outside             the keeper, a fiber of that runtime
//   O1 lock shared; it has ended: unlock, give up     O3 parks; the end of the runtime wakes it, or the runtime ends
//   O2 make and start the fiber, unless the runtime      before its first turn
//      has begun to end; unlock
//                                                     O4 lock; it has ended; unlock
// - A runtime ends only when all its fibers have, and the keeper is one. So it is there from O1 to O2.
// - A fiber of that runtime need not ask: the runtime is there as long as that runs.
// - Between who enters the runtime into the table and the keeper's start that fiber itself is the keeper.
// The lock is one of weft's, which may be held over the move of a user's function (O2); nobody parks under it.
// Next: ../executor.hpp.

#include <type_traits>
#include <utility>

#include <weft/runtime/detail/closure.hpp>
#include <weft/runtime/spawn.hpp>

#pragma GCC visibility push(default)

namespace weft::detail {

class runtime_home {
 public:
  struct record;

  // The calling fiber's. std::logic_error on a plain thread; what go throws if there is no stack for the keeper.
  [[nodiscard]] static runtime_home of_caller(const char* call);

  // The same; on a plain thread, the process's own (coroutine_home.hpp), which needs no keeper.
  [[nodiscard]] static runtime_home of_caller_or_threads();

  runtime_home(const runtime_home& from) noexcept;
  runtime_home(runtime_home&& from) noexcept : at_(std::exchange(from.at_, nullptr)) {}
  runtime_home& operator=(runtime_home from) noexcept {
    std::swap(at_, from.at_);
    return *this;
  }
  ~runtime_home();

  // Whether the calling fiber is one of it.
  [[nodiscard]] bool is_callers() const noexcept;

  // A fiber that runs `f`, as by go. False if the runtime ends or has ended: `f` is then as it was.
  template <class F>
  bool go_in_it(const spawn_options& options, source_site site, F&& f) const {
    if (!is_callers()) return go_from_outside(options, site, std::forward<F>(f));
    go_in(nullptr, options, site, std::forward<F>(f));
    return true;
  }

  friend bool operator==(const runtime_home& a, const runtime_home& b) noexcept { return a.at_ == b.at_; }

 private:
  class [[gnu::visibility("hidden")]] keeper;

  class visit {
   public:
    explicit visit(const runtime_home& to);
    ~visit();
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    // Null: it ends or has ended.
    [[nodiscard]] new_fiber make_fiber(const spawn_options& options, source_site site) const;

   private:
    record& at_;
  };

  // O1, O2.
  template <class F>
  bool go_from_outside(const spawn_options& options, source_site site, F&& f) const {
    using body = std::decay_t<F>;
    const visit in(*this);
    const new_fiber born = in.make_fiber(options, site);
    if (born.fiber == nullptr) return false;
    try {
      stored<body>::put(born.storage, std::forward<F>(f));
    } catch (...) {
      discard_fiber(born.fiber);
      throw;
    }
    start_detached(born.fiber, detached_body<body>::body);
    return true;
  }

  explicit runtime_home(record* at) noexcept : at_(at) {}

  record* at_;  // null: moved from
};

}  // namespace weft::detail

#pragma GCC visibility pop
