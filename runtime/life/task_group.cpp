// Room: runtime. See task_group.hpp.
//
// "Belonging", all steps but G3, M1 and the unparks under the group's lock:
//   go                                                a member's end, on its own stack
//   G1 take a place; none: wait for one               M1 closure and fiber_locals are destroyed
//   G2 (or give it back, as M2)                       M2 off the list, if on it; its place goes to who waits for one
//      is the group cancelled? born cancelled         M3 nobody left: claim who joins
//      else onto the list                             M4 unlock, unpark: the group may be gone
//   G3 start the fiber
//   cancel                                            join
//   C1 the group is cancelled, all on the list are    J1 nobody left: take the exception; the group is as new
//      requested ("Ending together", E1)
//   C2 take some off the list; of each: request it,   J2 else enqueue, unlock, park; woken: J1
//      copy its stop source, note its wait
//   C3 unlock; of each: set its source, claim and
//      unpark the wait that was noted
//   C4 until the list is empty
// - Who is on the list has not passed M2, so it lives at C2. After that only its stop source, which is counted, and the
//   wait that was noted are touched: a claim of it fails if the member has gone on, which then sees the request.
// - By C1 and G2 a member either is met at C2 or born cancelled.
// - C3 runs user code, so it holds no lock and nobody's wait. Who cancels sees to it that the group is there until C4:
//   its owner, or a member, which is counted until M2.
// - The joiner passes through the lock (J1) after M4's unlock, so it may destroy the group.
// - Nothing is handed on to groups that members have: a member that is cancelled unwinds, through their destructors.

#include <weft/runtime/task_group.hpp>

#include <algorithm>
#include <array>
#include <stop_token>
#include <system_error>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

#include "cancelling.hpp"
#include "fiber_extension.hpp"
#include "this_worker.hpp"

namespace weft::detail {

namespace {

void enlist(fiber_block*& first, fiber_block& fiber) noexcept {
  fiber.in_group = {first, &first};
  if (first != nullptr) first->in_group.to_here = &fiber.in_group.next;
  first = &fiber;
}

void delist(fiber_block& fiber) noexcept {
  if (fiber.in_group.to_here == nullptr) return;
  *fiber.in_group.to_here = fiber.in_group.next;
  if (fiber.in_group.next != nullptr) fiber.in_group.next->in_group.to_here = fiber.in_group.to_here;
  fiber.in_group.to_here = nullptr;
}

// Some members on their way from C2 to C3.
class asked_members {
 public:
  [[nodiscard]] bool is_full() const noexcept { return count_ == each_.size(); }

  void ask(fiber_block& member) noexcept {
    member.attention.request();
    each_[count_++] = {stop_source_of(member), {&member, member.word.cancellable_wait()}};
  }

  void end_waits() noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      std::exchange(each_[i].stopping, none()).request_stop();
      if (each_[i].wait.generation == 0) continue;
      if (const claimed won = claim(each_[i].wait, wake_reason::cancelled)) unpark(won);
    }
    count_ = 0;
  }

 private:
  static std::stop_source none() noexcept { return std::stop_source(std::nostopstate); }
  struct asked {
    std::stop_source stopping = none();
    wait_token wait;
  };
  std::array<asked, 16> each_;
  std::size_t count_ = 0;
};

// Of the calling fiber, null if it is in none and on plain threads.
const cancel_scope* outermost_scope() noexcept {
  const fiber_block* const fiber = this_fiber_block();
  const cancel_scope* scope = fiber != nullptr ? fiber->scope : nullptr;
  while (scope != nullptr && scope->outer != nullptr) scope = scope->outer;
  return scope;
}

}  // namespace

group_core::group_core() {
  require_fiber("task_group");
  const fiber_block& maker = *this_fiber_block();
  if (hears_limit(maker)) scope_.until = maker.scope->until;
}

// --- Places.

void group_core::hand_out_places(won_chain& woken) noexcept {
  claimed won;
  while (has_place()) {
    wait_node* const node = at_limit_.claim_front(wake_reason::handed, won);
    if (node == nullptr) return;
    ++active_;
    woken.add(*node, won);
  }
}

void group_core::set_limit(std::size_t most) noexcept {
  const scheduling_points around;
  won_chain woken;
  const internal_guard held(lock_);
  limit_ = most;
  hand_out_places(woken);
}  // unlocks, then unparks: the guard ends before the chain

// G1.
void group_core::take_place() {
  scheduling_point();
  {
    const internal_guard held(lock_);
    if (has_place()) {
      ++active_;
      return;
    }
  }
  require_fiber("task_group::go");
  cancellation_point();
  wait_node node;
  {
    const internal_guard held(lock_);
    if (has_place()) {
      ++active_;
      return;
    }
    node.token = arm(cancellation::honoured);
    at_limit_.push_back(node);
  }
  if (park(node.token, deadline::never(), "task group at its limit") == wake_reason::handed) return;
  {
    const internal_guard held(lock_);
    at_limit_.remove(node);
  }
  throw_cancelled();
}

// M2 to M4.
void group_core::end_one(won_chain& woken) noexcept {
  --active_;
  hand_out_places(woken);
  if (active_ == 0) woken.take_all(joiners_, wake_reason::ready);
}

void group_core::give_back_place() noexcept {
  won_chain woken;
  const internal_guard held(lock_);
  end_one(woken);
}

// --- Members.

// G2 and G3.
void group_core::start_member(fiber_block* fiber, const fiber_body& body) noexcept {
  const bool is_limited = !scope_.until.is_never();
  fiber->scope = &scope_;
  fiber->delivery = is_limited ? k_limited : 0;
  {
    const internal_guard held(lock_);
    fiber->attention.reset(is_cancelled_, is_limited);
    fiber->in_group.to_here = nullptr;
    if (!is_cancelled_) enlist(members_, *fiber);
  }
  start_detached(fiber, body);
}

void group_core::note_exception(const std::exception_ptr& thrown) noexcept {
  {
    const internal_guard held(lock_);
    if (first_ != nullptr) return;
    first_ = thrown;
  }
  cancel();
}

void group_core::leave() noexcept {
  fiber_block& fiber = *this_fiber_block();
  fiber.scope = nullptr;
  won_chain woken;
  const internal_guard held(lock_);
  delist(fiber);
  end_one(woken);
}

// C1.
void group_core::request_all() noexcept {
  const internal_guard held(lock_);
  is_cancelled_ = true;
  for (fiber_block* each = members_; each != nullptr; each = each->in_group.next) each->attention.request();
}

// C1 to C4.
void group_core::cancel() noexcept {
  const scheduling_points around;
  request_all();
  asked_members asked;
  for (bool is_done = false; !is_done; asked.end_waits()) {
    const internal_guard held(lock_);
    while (members_ != nullptr && !asked.is_full()) {
      fiber_block& member = *members_;
      delist(member);
      asked.ask(member);
    }
    is_done = members_ == nullptr;
  }
}

// --- Joining.

void group_core::refuse_own_member() const {
  if (outermost_scope() == &scope_)
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "weft::task_group::wait: called by a member, which would wait for itself");
}

// J1 and J2. True: there is nobody to wait for.
bool group_core::join_or_enqueue(wait_node& node, cancellation mode, std::exception_ptr& first) {
  const internal_guard held(lock_);
  if (active_ == 0) {
    first = std::exchange(first_, nullptr);
    is_cancelled_ = false;
    return true;
  }
  node.token = arm(mode);
  joiners_.push_back(node);
  return false;
}

void group_core::wait() {
  cancellation_point();
  refuse_own_member();
  std::exception_ptr first;
  wait_node node;
  while (!join_or_enqueue(node, cancellation::honoured, first)) {
    if (park(node.token, deadline::never(), "task group") != wake_reason::cancelled) continue;
    {
      const internal_guard held(lock_);
      joiners_.remove(node);
    }
    throw_cancelled();
  }
  if (first != nullptr) std::rethrow_exception(std::move(first));
  if (node.token.who != nullptr) cancellation_point();  // "Ending together", E2: they ended by the same request
}

// A member cannot be let go of as a fiber's own handle can: it is under the group's scope, and its end belongs here.
group_core::~group_core() {
  WEFT_CHECK(outermost_scope() != &scope_,
             "task_group: destroyed by a member of its own, for which it would wait; whoever has the group must "
             "outlive its members, so let them keep what they use and not the owner of their group");
  if (std::uncaught_exceptions() > unwinding_) cancel();
  cancellation mode = cancellation::honoured;
  std::exception_ptr unseen;
  wait_node node;
  while (!join_or_enqueue(node, mode, unseen)) {
    if (park(node.token, deadline::never(), "end of a task group") != wake_reason::cancelled) continue;
    {
      const internal_guard held(lock_);
      joiners_.remove(node);
    }
    mode = cancellation::ignored;
    cancel();
  }
}

}  // namespace weft::detail
