// Room: sync. How one fiber waits for whichever of many channel operations comes first. It owns the order of locks and
// the choice; what an operation does to a channel is channel_core's. A real wait: nothing polls.
//
// "Selecting", both sides ("Handing over" in detail/channel_core.hpp is the waker's in full):
//   selecting                                           waker, at one of the channels
//   S1 lock every channel, in the order of addresses,   K1 lock that channel; take a node off; claim its token: the
//      each once                                           first waker wins, at all channels together
//   S2 among the cases that look ready choose one at    K2 won: say which node it was, move the value
//      random and attempt it; if it was not (all its    K3 lost: leave the rest alone, look at the next node
//      partners were won by others), choose again       K4 unlock; unpark
//   S3 done: unlock all; move; unpark the partner
//   S4 none, and there is an otherwise: unlock all
//   S5 none: one token on a node at every channel;
//      unlock all; park until the earliest after
//   S6 take the nodes that did not win off again
// - All locks are held from the look at the first channel to the last node enqueued, so a case that becomes ready
//   meanwhile finds the node: nothing is missed, and otherwise means that nothing was ready at one moment.
// - Own nodes are enqueued only after S2: a select never meets itself, though a channel stands in it twice.
// - S2 is uniform over the cases that are ready: those that only look so are drawn and thrown away.

#include <weft/sync/select.hpp>

#include <algorithm>
#include <memory>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/random.hpp>
#include <weft/runtime/detail/scheduling_point.hpp>

namespace weft::detail {

namespace {

// The channels of a select, each once, in the order of their addresses.
class channel_set {
 public:
  explicit channel_set(std::span<select_op* const> ops) {
    if (ops.size() > k_inline) more_ = std::make_unique<channel_core*[]>(ops.size());
    channel_core** const all = more_ != nullptr ? more_.get() : few_;
    channel_core** last = all;
    for (const select_op* op : ops)
      if (op->is_channel()) *last++ = op->core;
    if (more_ != nullptr)
      std::sort(all, last, std::less<>());
    else
      sort_few(all, last);
    set_ = std::span(all, std::unique(all, last));
  }

  void lock() const noexcept WEFT_NO_THREAD_SAFETY_ANALYSIS {
    for (const channel_core* core : set_) core->lock();
  }
  void unlock() const noexcept WEFT_NO_THREAD_SAFETY_ANALYSIS {
    for (const channel_core* core : set_) core->unlock();
  }

 private:
  static constexpr std::size_t k_inline = 8;

  // By insertion: often they are in order already.
  static void sort_few(channel_core** first, channel_core** last) noexcept {
    for (channel_core** next = first; next < last; ++next) {
      channel_core* const core = *next;
      channel_core** place = next;
      for (; place != first && std::less<>()(core, place[-1]); --place) *place = place[-1];
      *place = core;
    }
  }

  channel_core* few_[k_inline];
  std::unique_ptr<channel_core*[]> more_;
  std::span<channel_core*> set_;
};

// S2, the choice: uniform among the cases that look ready and have not proved hopeless; null if there is none.
select_op* draw(std::span<select_op* const> ops) noexcept WEFT_NO_THREAD_SAFETY_ANALYSIS {
  const auto looks_ready = [](const select_op& op) WEFT_NO_THREAD_SAFETY_ANALYSIS {
    return op.is_channel() && !op.hopeless && op.core->may_proceed(op.way());
  };
  std::uint32_t ready = 0;
  select_op* first = nullptr;
  for (select_op* op : ops)
    if (looks_ready(*op) && ready++ == 0) first = op;
  if (ready <= 1) return first;
  std::uint32_t skip = random_below(ready);
  for (select_op* op : ops)
    if (looks_ready(*op) && skip-- == 0) return op;
  return nullptr;
}

// S2. The case that was done, or null; `left` is what to finish after the locks.
select_op* attempt_any(std::span<select_op* const> ops, attempt& left) noexcept WEFT_NO_THREAD_SAFETY_ANALYSIS {
  while (select_op* const op = draw(ops)) {
    left = op->core->attempt_locked(op->way(), op->slot);
    op->status = left.status;
    if (left.status == channel_status::ok || left.status == channel_status::closed) return op;
    op->hopeless = true;
  }
  return nullptr;
}

std::size_t index_of(std::span<select_op* const> ops, const select_op* op) noexcept {
  return static_cast<std::size_t>(std::find(ops.begin(), ops.end(), op) - ops.begin());
}

select_op* find(std::span<select_op* const> ops, select_op::kind what) noexcept {
  const auto at = std::find_if(ops.begin(), ops.end(), [what](const select_op* op) { return op->what == what; });
  return at != ops.end() ? *at : nullptr;
}

// The after case that is due first, or null.
select_op* earliest_after(std::span<select_op* const> ops) noexcept {
  select_op* earliest = nullptr;
  for (select_op* op : ops)
    if (op->what == select_op::kind::after && (earliest == nullptr || op->duration < earliest->duration)) earliest = op;
  return earliest;
}

deadline limit_of(const select_op* after) noexcept {
  return after != nullptr ? deadline::after(now(), after->duration) : deadline::never();
}

// S5. Under all locks.
void enqueue_all(std::span<select_op* const> ops, wait_token token,
                 channel_waiter** winner) noexcept WEFT_NO_THREAD_SAFETY_ANALYSIS {
  for (select_op* op : ops) {
    if (!op->is_channel()) continue;
    op->node.token = token;
    op->node.slot = op->slot;
    op->node.winner = winner;
    op->core->enqueue(op->way(), op->node);
  }
}

// S6. The winner's node is on no list, and its fields may be in use as the waker's.
void dequeue_losers(std::span<select_op* const> ops, const channel_waiter* winner) noexcept {
  for (select_op* op : ops)
    if (op->is_channel() && &op->node != winner) op->core->dequeue(op->way(), op->node);
}

}  // namespace

std::size_t select_ops(std::span<select_op* const> ops) {
  cancellation_point();
  for (select_op* op : ops) op->hopeless = false;
  const channel_set channels(ops);
  select_op* const after = earliest_after(ops);

  channels.lock();
  attempt left{};
  if (const select_op* const done = attempt_any(ops, left)) {
    channels.unlock();
    done->core->finish(left);
    scheduling_point();
    if (left.status == channel_status::closed) cancellation_point();  // "Ending together", cancellation.hpp
    return index_of(ops, done);
  }
  if (const select_op* const otherwise = find(ops, select_op::kind::otherwise)) {
    channels.unlock();
    return index_of(ops, otherwise);
  }
  channel_waiter* winner = nullptr;
  const wait_token token = arm(cancellation::honoured);
  enqueue_all(ops, token, &winner);
  channels.unlock();

  const wake_reason reason = park(token, limit_of(after), "select");
  dequeue_losers(ops, winner);
  if (reason == wake_reason::cancelled) throw_cancelled();
  if (reason == wake_reason::timed_out) return index_of(ops, after);
  if (reason == wake_reason::closed) cancellation_point();  // "Ending together"
  const auto won = std::find_if(ops.begin(), ops.end(), [winner](const select_op* op) { return &op->node == winner; });
  (*won)->status = reason == wake_reason::closed ? channel_status::closed : channel_status::ok;
  return static_cast<std::size_t>(won - ops.begin());
}

}  // namespace weft::detail

namespace weft {

std::size_t select(std::span<select_case> cases) {
  std::vector<detail::select_op*> ops;
  ops.reserve(cases.size());
  for (select_case& each : cases) ops.push_back(&each.held_->operation());
  const std::size_t ran = detail::select_ops(ops);
  cases[ran].held_->complete();
  return ran;
}

}  // namespace weft
