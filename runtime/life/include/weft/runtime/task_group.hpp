#pragma once
// Room: runtime. Fibers that belong together: they are waited for together, one that fails ends the others, and none
// outlives the block in which the group stands.
//
//   weft::task_group group;
//   group.set_limit(64);                                  // at most 64 at once
//   for (auto& url : urls) group.go([&] { crawl(url); });
//   group.wait();                                         // the first exception cancels the rest, and comes out here
//
// - The first exception out of a member is kept, and cancels the others; wait() rethrows it once all have ended. Any
//   further one is dropped, and so is a first one that nobody waits for. A member that ends by weft::cancelled has
//   simply ended. Nothing that a member throws ends the process.
// - The destructor joins the members, after cancelling them if it runs because of an exception. It throws nothing; if
//   its fiber is cancelled, or a time limit around it passes, while it waits, it cancels the members and waits on.
//   In a member of the group, which may have had the last reference to its owner, it would wait for ever: that ends the
//   process with a message that names the fiber (the member is under the group's limits, and cannot be let go of).
// - Members begin in the scope in which the group was made: under its time limits, and not under those of the fiber
//   that calls go (weft::go and spawn start outside of all limits). A cancellation of the fiber that made the group
//   reaches them as that fiber unwinds, past wait() or into the destructor.
// - wait(), and go() at its limit, are cancellation points. A wait that is cancelled leaves the members as they are.
// - Any fiber may use a group, several at once, its members too (but to wait for themselves): go, wait, cancel and
//   set_limit need no lock of yours. Who destroys it makes sure that nobody else will use it.
// - After a wait() that returned, or rethrew what a member threw, the group is as new.
// On a plain thread making one, and go, throw std::logic_error.
// Next: with_timeout.hpp.

#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

#include <weft/runtime/detail/cancel_scope.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/spawn.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {

// All of a group but the types of its functions: task_group.cpp, "Belonging".
class group_core {
 public:
  group_core();
  ~group_core();
  group_core(const group_core&) = delete;
  group_core& operator=(const group_core&) = delete;

  void set_limit(std::size_t most) noexcept;
  void wait();
  void cancel() noexcept;

  // --- go, in this order.
  void take_place();                // may park
  void give_back_place() noexcept;  // in place of the rest, if no fiber could be made
  void start_member(fiber_block* fiber, const fiber_body& body) noexcept;

  // --- The member itself.
  void note_exception(const std::exception_ptr& thrown) noexcept;
  void leave() noexcept;  // its last act: the group may be gone when it returns

 private:
  [[nodiscard]] bool has_place() const noexcept WEFT_REQUIRES(lock_) { return limit_ == 0 || active_ < limit_; }
  void hand_out_places(won_chain& woken) noexcept WEFT_REQUIRES(lock_);
  void end_one(won_chain& woken) noexcept WEFT_REQUIRES(lock_);
  void request_all() noexcept;
  bool join_or_enqueue(wait_node& node, cancellation mode, std::exception_ptr& first);
  void refuse_own_member() const;

  cancel_scope scope_;  // of all members; constant
  const int unwinding_ = std::uncaught_exceptions();

  internal_lock lock_;
  std::size_t limit_ WEFT_GUARDED_BY(lock_) = 0;   // 0: none
  std::size_t active_ WEFT_GUARDED_BY(lock_) = 0;  // members, and places taken for some
  bool is_cancelled_ WEFT_GUARDED_BY(lock_) = false;
  fiber_block* members_ WEFT_GUARDED_BY(lock_) = nullptr;  // those that have not been asked to end
  std::exception_ptr first_ WEFT_GUARDED_BY(lock_);
  wait_list joiners_ WEFT_GUARDED_BY(lock_);
  wait_list at_limit_ WEFT_GUARDED_BY(lock_);  // empty if has_place()
};

template <class F>
struct member_closure {
  group_core* group;
  F f;
};

// As detached_body, but nothing that it throws ends the process.
template <class F>
struct member_body {
  static void run(void* storage, bool wanted) {
    unpacked<member_closure<F>> closure(storage);
    group_core* const group = (*closure).group;
    stored<group_core*>::put(storage, group);
    if (!wanted) return;
    try {
      detail::call_kept((*closure).f);
    } catch (const cancelled&) {
    } catch (...) {
      group->note_exception(std::current_exception());
    }
  }
  // The fiber's last words, its closure and its fiber_locals being gone: nobody joins it.
  static void drop_outcome(void* storage, bool) noexcept { stored<group_core*>::get(storage)->leave(); }
  static constexpr fiber_body body{&run, &drop_outcome, &never_throws};
};

template <class Closure>
void go_in_group(group_core& group, const spawn_options& options, source_site site, Closure&& closure) {
  using F = std::remove_cvref_t<Closure>;
  group.take_place();
  fiber_block* fiber = nullptr;
  try {
    fiber = make_fiber_for(nullptr, options, site, member_closure<F>{&group, std::forward<Closure>(closure)}).fiber;
  } catch (...) {
    group.give_back_place();
    throw;
  }
  group.start_member(fiber, member_body<F>::body);
}

}  // namespace detail

class task_group {
 public:
  task_group() = default;
  ~task_group() = default;  // joins: see above

  // How many members may run at once; 0: any number. A lower one holds back new members until enough have ended.
  void set_limit(std::size_t most) noexcept { core_.set_limit(most); }

  // Starts a member; parks while as many as the limit says run, in the order of arrival. What f returns is dropped. As
  // weft::go otherwise, also in what it throws: the group is then as it was before. In a group that is cancelled f does
  // not run; it is destroyed, as ever, on a fiber's stack.
  template <detail::not_spawn_options F>
    requires detail::kept_call<std::decay_t<F>>
  void go(F&& f, source_site site = source_site::current()) {
    detail::go_in_group(core_, {}, site, std::decay_t<F>(std::forward<F>(f)));
  }
  template <class F>
    requires detail::kept_call<std::decay_t<F>>
  void go(const spawn_options& options, F&& f, source_site site = source_site::current()) {
    detail::go_in_group(core_, options, site, std::decay_t<F>(std::forward<F>(f)));
  }
  template <detail::not_spawn_options F, class First, class... Rest>
    requires std::invocable<std::decay_t<F>, std::decay_t<First>, std::decay_t<Rest>...>
  [[gnu::noinline]] void go(F&& f, First&& first, Rest&&... rest) {
    detail::go_in_group(core_, {}, {nullptr, 0, __builtin_return_address(0)},
                        detail::bind_call(std::forward<F>(f), std::forward<First>(first), std::forward<Rest>(rest)...));
  }
  template <class F, class First, class... Rest>
    requires std::invocable<std::decay_t<F>, std::decay_t<First>, std::decay_t<Rest>...>
  [[gnu::noinline]] void go(const spawn_options& options, F&& f, First&& first, Rest&&... rest) {
    detail::go_in_group(core_, options, {nullptr, 0, __builtin_return_address(0)},
                        detail::bind_call(std::forward<F>(f), std::forward<First>(first), std::forward<Rest>(rest)...));
  }

  template <detail::not_spawn_options F, class... Args>
    requires detail::not_a_call<F, Args...>
  void go(F&&, Args&&...) = delete;  // weft::task_group::go: no function of such arguments, which are copied
  template <class F, class... Args>
    requires detail::not_a_call<F, Args...>
  void go(const spawn_options&, F&&, Args&&...) = delete;  // weft::task_group::go: no function of such arguments

  // Parks until no member is left; then rethrows the first exception, if a member threw one (of several who wait, one
  // meets it). In a member of this group: std::system_error(resource_deadlock_would_occur).
  void wait() { core_.wait(); }

  // Asks every member to end, and those that are started before the group has been waited for. Does not wait. Any
  // thread. Sets the members' stop tokens, whose callbacks run here.
  void cancel() noexcept { core_.cancel(); }
  void request_stop() noexcept { core_.cancel(); }

 private:
  detail::group_core core_;
};

}  // namespace weft

#pragma GCC visibility pop
