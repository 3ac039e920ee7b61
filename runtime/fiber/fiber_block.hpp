#pragma once
// Room: runtime. The control block of a fiber: apart from its stack, type-stable, 352 bytes with 64 of inline closure.
// It owns what a fiber is; worker.hpp moves it through its states, fiber.cpp begins and ends it.
//
// Five lines of a cache and a half: every other block shares a line with the next one. So a block ends in what is
// written at its spawn and never after (the label), and begins with what a wait without a deadline leaves alone (the
// timer). What a switch, a park or a wake touches, from `word` to `home`, is two or three lines.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <weft/runtime/detail/cancel_scope.hpp>
#include <weft/runtime/detail/fiber_body.hpp>
#include <weft/runtime/detail/real_env.hpp>

#include "attention_word.hpp"
#include "context.hpp"
#include "fiber_label.hpp"
#include "join_word.hpp"
#include "relaxed.hpp"
#include "slab.hpp"
#include "stack_pool.hpp"
#include "waiter.hpp"

namespace weft::detail {

class scheduler;
class worker;
struct fiber_extension;

enum class fiber_life : std::uint8_t {
  free,      // the slab's, or a magazine's
  spawned,   // has a permit for a stack, and a closure in `storage`
  started,   // has a stack
  finished,  // gave its stack back; a handle may still hold the block
};

// Written by a fiber, and read by whoever makes it ready: ordered by its parking, which the switch hides from the race
// detector. Plain elsewhere, as a compiler tests a plain byte where it lies.
#if defined(WEFT_TSAN)
using handed_flag = relaxed<bool>;
#else
using handed_flag = bool;
#endif

// A member of a task group, in the list that the group's lock guards. Not in it: `to_here` is null.
struct group_link {
  fiber_block* next;
  fiber_block** to_here;
};

// Of fiber_block::delivery, beside a count of shields.
inline constexpr std::uint32_t k_limited = 1u << 31;  // the innermost scope has a limit
inline constexpr std::uint32_t k_muted = 1u << 30;    // a shield around it holds back what comes from further out
inline constexpr std::uint32_t k_shields = k_muted - 1;

struct alignas(32) fiber_block : waiter {
  static constexpr std::uint32_t k_operation_budget = 128;
  static constexpr std::uint16_t k_to_none = 0xffff;       // of pinned_to, both
  static constexpr std::uint16_t k_to_the_first = 0xfffe;  // spawned pinned from outside, and has not run yet
  static constexpr std::uint16_t k_alone = 0x8000;         // a bit: nobody else runs on that worker

  fiber_block() noexcept : waiter(waiter_kind::fiber) {}

  // --- Whoever runs it, or holds it in a queue.
  handed_flag pinned{false};  // pins != 0; here because whoever makes it ready has just asked for `kind`

  // --- Any thread.
  relaxed<bool> waits_timed{false};    // the wait has a deadline; published by its parking
  relaxed<bool> simulated{false};      // constant until it is free again
  relaxed<bool> calls_outside{false};  // parked until code outside of weft returns (blocking.cpp); as waits_timed
  attention_word<real_env> attention;  // "Asking to end"
  relaxed<std::uint16_t> pinned_to{k_to_none};  // the index of its worker; and k_alone

  // --- Whoever runs it, or holds it in a queue.
  context registers;
  relaxed<worker*> runs_on{nullptr};  // while it runs
  stack on;
  std::uint32_t budget = k_operation_budget;
  std::uint32_t delivery = 0;           // shields since `scope` began, and two bits: cancel_scope.cpp, "Scopes"
  relaxed<fiber_block*> link{nullptr};  // inject's, a magazine's or the slab's: a block is in one list at a time
  std::uint32_t pins = 0;               // pin_guards, and one for its whole life if it is pinned from birth

  // --- Any thread.
  // lock_note.hpp: how far below the top of its stack the note of the lock stands that it waits for; 0: none.
  relaxed<std::uint32_t> note_depth{0};
  relaxed<const char*> waits_for{nullptr};  // a hint for dumps
  relaxed<std::int64_t> waits_since{0};
  std::atomic<scheduler*> home{nullptr};

  // --- The fiber itself, the second one under fiber_extension.hpp's rules. Null while the block is free.
  cancel_scope* scope = nullptr;  // the innermost one
  std::atomic<fiber_extension*> extension{nullptr};

  // --- Any thread.
  std::atomic<fiber_life> life{fiber_life::free};
  join_word<real_env> joining;
  holder_count<real_env> references;  // the fiber itself, and its handle

  // --- Whoever runs it, or holds it in a queue.
  std::uint32_t swallowed = 0;               // cancellations that were delivered and swallowed
  relaxed<fiber_block*> back_link{nullptr};  // inject's

  // --- Any thread.
  relaxed<std::uintptr_t> stack_mark{0};  // of `on`, for snapshots; 0: none

  // --- Set by the spawner, constant until it is free again.
  const fiber_body* body = nullptr;
  relaxed<stack_pool*> permit{nullptr};

  union {
    wait_token joiner{};  // the joiner's, before it moves `joining` to awaited; then the fiber's end's
    group_link in_group;  // of a member of a group, which nobody joins
  };

  // --- First the closure, then the outcome: fiber.cpp.
  alignas(std::max_align_t) std::array<std::byte, k_inline_closure> storage;

  // --- Set by the spawner, read by any thread: id, name and spawn site. At the end: see above.
  fiber_label label;

  // By the fiber itself; or by others, who name its runtime, because the block may have gone to another one meanwhile.
  [[nodiscard]] bool is_cancel_requested() const noexcept;
  [[nodiscard]] bool is_cancel_requested_in(const scheduler& runtime) const noexcept;
  // By the fiber itself, or after its wait was published: false if nobody asks for its end and no limit is on.
  [[nodiscard]] bool needs_attention() const noexcept;
  // Whoever makes it ready: it goes to the inbox of its worker, and into no queue that others take from.
  [[nodiscard]] bool is_pinned() const noexcept { return pinned; }
  void pin() noexcept;  // by the fiber itself, both
  void unpin() noexcept;
  void move_to(worker& lent) noexcept;  // "Lending a thread" (seating.hpp); by one that is not pinned
  // Any thread, hints.
  [[nodiscard]] bool lives() const noexcept {
    const fiber_life now = life.load(std::memory_order_relaxed);  // relaxed: a hint
    return now == fiber_life::spawned || now == fiber_life::started;
  }
  [[nodiscard]] std::optional<unsigned> worker_pinned_to() const noexcept;
  [[nodiscard]] bool has_own_thread() const noexcept;
};

#if !defined(WEFT_TELLS_ASAN) && !defined(WEFT_TELLS_TSAN)
static_assert(sizeof(fiber_block) == 352);
#endif

// Requeues the running fiber behind the others that are ready; no cancellation point.
void yield_now(fiber_block& running) noexcept;

// Every fiber of the process.
[[nodiscard]] slab<fiber_block>& fiber_slab() noexcept;

}  // namespace weft::detail
