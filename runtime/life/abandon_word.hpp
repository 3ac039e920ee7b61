#pragma once
// Room: runtime. Who ends a call that need not be waited for to its end: one word, between the fiber that waits for it
// and the helper thread that runs it.
//
// "Abandoning"   caller                                   helper
//   C1 give the call to the helpers; park                 H1 queued -> running; it was abandoned: free it unrun
//   C2 woken by the helper: it has run; free it           H2 run it
//   C3 woken by anything else: -> abandoned, by one       H3 -> done, by one exchange; it was abandoned: free it
//      exchange; it was done: it has run; free it;        H4 it was not: claim and unpark the caller, by what was
//      else it is the helper's                               read of the call before H3
// - C3 and H3 are exchanges on one word: exactly one of the two comes second, and has the call for itself. After its
//   own exchange the first does not touch it.
// - C2 follows H4, and so H3: the helper is out of the call.
// - H4 may lose the claim to whatever woke the caller; it then finds done at C3.

#include <atomic>
#include <cstdint>

namespace weft::detail {

enum class abandon_state : std::uint32_t { queued, running, done, abandoned };

template <class Env>
class abandon_word {
 public:
  // H1. False: the call is the helper's, to be freed.
  [[nodiscard]] bool begin() noexcept {
    abandon_state was = abandon_state::queued;
    // acquire: who frees it comes after all that its caller did; pairs with abandon. What the call holds came by the
    // lock of the queue.
    return word_.compare_exchange_strong(was, abandon_state::running, std::memory_order_acquire,
                                         std::memory_order_acquire);
  }

  // H3. True: the call is the caller's, who is to be woken. False: the helper's, to be freed.
  [[nodiscard]] bool finish() noexcept {
    // release: what the call has found; pairs with abandon, and with the unpark for who is woken. acquire: who frees it
    // comes after all that its caller did.
    return word_.exchange(abandon_state::done, std::memory_order_acq_rel) != abandon_state::abandoned;
  }

  // C3. What it was: done, and the call is the caller's; or else it is the helper's, who has begun to run it or not.
  [[nodiscard]] abandon_state abandon() noexcept {
    // release: the caller is out of it; pairs with begin and finish. acquire: what the call has found, if it is done.
    return word_.exchange(abandon_state::abandoned, std::memory_order_acq_rel);
  }

 private:
  typename Env::template atomic<abandon_state> word_{abandon_state::queued};
};

}  // namespace weft::detail
