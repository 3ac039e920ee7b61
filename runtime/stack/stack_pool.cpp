// Room: runtime. See stack_pool.hpp.

#include "stack_pool.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "quantity_text.hpp"

namespace weft::detail {

namespace {

using stack_memory::k_page;

constexpr std::size_t k_protections_at_once = 64;
constexpr std::size_t k_plenty = 64;  // fewer free and no more to be had: the pool is scarce, until twice as many are

constexpr std::size_t k_cooled_at_once = 32;

// One pool for each size. Never destroyed: fibers of a runtime that outlives main's statics may still give stacks back.
struct pool_table {
  std::array<std::unique_ptr<stack_pool>, stack_pool::k_sizes> pools;
  pool_table() {
    for (std::size_t i = 0; i < stack_pool::k_sizes; ++i)
      pools[i] = std::make_unique<stack_pool>(stack_pool::k_min_size << i, stack_memory::best_guards());
  }
};
pool_table& table() {
  static auto* const t = new pool_table;
  return *t;
}

// Doubling, so that a million slots are copied once or twice and not once for each chunk.
template <class T>
void make_room(std::vector<T>& in, std::size_t count, std::size_t least = 1) {
  if (in.capacity() < count) in.reserve(std::max({count, 2 * in.capacity(), least}));
}

}  // namespace

std::size_t stack_pool::permits_out() noexcept {
  std::size_t sum = 0;
  for (const auto& pool : table().pools) sum += pool->permits_;
  return sum;
}

stack_pool& stack_pool::for_size(std::size_t size) {
  if (size < k_min_size || size > k_max_size)
    throw std::invalid_argument("weft: stack_size=" + std::to_string(size) + " of a spawn: at least " +
                                size_in_words(k_min_size) + " and at most " + size_in_words(k_max_size) +
                                " (0 means the runtime's)");
  const std::size_t slot_size = std::bit_ceil(size);
  return *table().pools[static_cast<std::size_t>(std::bit_width(slot_size) - std::bit_width(k_min_size))];
}

std::size_t stack_pool::take_permits(std::size_t most) {
  refusal why = refusal::none;
  {
    const internal_guard guard(lock_);
    const std::size_t promised = permits_ + open_;
    // Scarce before the last one is gone, so that the others bring back what they keep before anybody is refused.
    if (!is_scarce() && grant(promised + (is_large() ? 1 : k_plenty)) != refusal::none) set_scarce(no_room);
    if (promised >= granted_) why = grant(promised + 1);
    if (why == refusal::none) {
      const std::size_t taken = is_scarce() ? 1 : std::min(most, granted_ - promised);
      permits_ += taken;
      return taken;
    }
  }
  refuse(why);
}

void stack_pool::reserve_first() noexcept {
  const internal_guard guard(lock_);
  static_cast<void>(grant(1));  // who needs one will be told
}

void stack_pool::return_permits(std::size_t count) noexcept {
  const internal_guard guard(lock_);
  drop_permits(count);
}

void stack_pool::drop_permits(std::size_t count) noexcept {
  permits_ = permits_ - count;
  if (granted_ - permits_ - open_ >= std::min(2 * k_plenty, granted_ / 2)) clear_scarce(no_room);
}

void stack_pool::set_scarce(scarcity why) noexcept {
  // relaxed, both: written under lock_, a hint elsewhere.
  scarce_.store(static_cast<std::uint8_t>(scarce_.load(std::memory_order_relaxed) | why), std::memory_order_relaxed);
}

void stack_pool::clear_scarce(scarcity why) noexcept {
  const std::uint8_t before = scarce_.load(std::memory_order_relaxed);  // relaxed, both: as in set_scarce
  if ((before & why) != 0) scarce_.store(static_cast<std::uint8_t>(before & ~why), std::memory_order_relaxed);
}

bool stack_pool::open_magazine(std::size_t room) noexcept {
  const internal_guard guard(lock_);
  if (is_scarce() || grant(permits_ + open_ + room) != refusal::none) return false;
  open_ += room;
  return true;
}

stack_pool::refusal stack_pool::grant(std::size_t wanted) noexcept {
  while (granted_ < wanted) {
    if (granted_ == reserved_)
      if (const refusal why = reserve_chunk(); why != refusal::none) return why;
    if (const refusal why = grant_more(); why != refusal::none) return why;
  }
  return refusal::none;
}

// Of what is reserved: all of it, or what may be protected.
stack_pool::refusal stack_pool::grant_more() noexcept {
  const std::size_t left = reserved_ - granted_;
  const std::size_t more =
      guards() == guard_method::advice ? left : stack_memory::take_protections(std::min(left, k_protections_at_once));
  granted_ += more;
  return more != 0 ? refusal::none : refusal::mappings;
}

stack_pool::refusal stack_pool::reserve_chunk() noexcept {
  const std::size_t size = chunk_size();
  const auto slots = static_cast<std::uint32_t>(size / slot_size_);
  try {
    make_room(chunks_, chunks_.size() + 1);
    used_.make_room(reserved_ + slots);  // giving back never allocates
    make_room(cold_, reserved_ + slots, free_slots::k_least_room);
    make_room(bare_, reserved_ + slots, free_slots::k_least_room);
  } catch (const std::bad_alloc&) {
    return refusal::address_space;
  }
  std::byte* const base = stack_memory::reserve(size);
  if (base == nullptr) return refusal::address_space;
  chunks_.push_back(base);
  reserved_ += slots;
  return refusal::none;
}

void stack_pool::refuse(refusal why) const {
  const std::string out = count_in_words(permits_, "stack") + " of " + size_in_words(slot_size_) +
                          (permits_ == 1 ? " is in use" : " are in use");
  const std::string text = why == refusal::mappings
                               ? "the " + std::to_string(stack_memory::most_protections()) +
                                     " stacks of the process that mprotect may guard are all made (" + out +
                                     "); raise vm.max_map_count, or use a kernel that knows MADV_GUARD_INSTALL (6.13)"
                               : "the system gives no " + size_in_words(chunk_size()) + " of address space (" + out +
                                     "); use smaller stacks, or raise RLIMIT_AS";
  throw std::system_error(std::make_error_code(std::errc::not_enough_memory),
                          "weft: no stack for another fiber: " + text);
}

guard_method stack_pool::guards() const noexcept {
  // relaxed: a test sets it while no stack is taken.
  const bool forced = stack_memory::injected.only_protection.load(std::memory_order_relaxed);
  return forced ? guard_method::protection : guards_;
}

stack stack_pool::at(std::uint32_t slot) const noexcept {
  const std::size_t per_chunk = chunk_size() / slot_size_;
  std::byte* const base = chunks_[slot / per_chunk] + slot % per_chunk * slot_size_;
  return at(base + guard_size(), slot);
}

std::size_t stack_pool::take(stack* out, std::size_t most) noexcept {
  {
    const internal_guard guard(lock_);
    if (const std::size_t count = std::min(most, used_.size()); count != 0) {
      for (std::size_t i = count; i-- != 0;) out[i] = at(used_.pop_hottest());
      note_taken();
      return count;
    }
    if (!cold_.empty()) {
      *out = at(cold_.back());
      cold_.pop_back();
      return 1;
    }
    if (bare_.empty()) {
      *out = at(fresh_++);  // a permit is held, so fresh_ < granted_
    } else {
      *out = at(bare_.back());
      bare_.pop_back();
    }
  }
  return guard_fresh(*out) ? 1 : 0;
}

// Outside the lock: it is a system call.
bool stack_pool::guard_fresh(const stack& fresh) noexcept {
  const bool guarded = stack_memory::install_guard(fresh.bottom - guard_size(), guard_size(), guards());
  if (guarded && !is_scarce()) [[likely]]
    return true;
  const internal_guard guard(lock_);
  if (guarded) {
    clear_scarce(no_guard);
  } else {
    set_scarce(no_guard);
    bare_.push_back(fresh.slot);
  }
  return guarded;
}

void stack_pool::give_back(std::span<const stack> used, std::size_t permits, std::size_t closed) noexcept {
  for (const stack& each : used) trim(each);
  const internal_guard guard(lock_);
  for (const stack& each : used) used_.push(each.slot);
  if (used_.size() >= k_plenty) clear_scarce(no_guard);
  open_ -= closed;
  drop_permits(permits);
}

std::size_t stack_pool::warm() noexcept {
  const internal_guard guard(lock_);
  return used_.size();
}

std::size_t stack_pool::end_period() noexcept {
  const internal_guard guard(lock_);
  return std::exchange(least_warm_, used_.size());
}

// System calls, outside the lock; so a few at a time, which are nobody's meanwhile.
std::size_t stack_pool::cool(std::size_t most, std::size_t* bytes) noexcept {
  std::array<stack, k_cooled_at_once> taken;
  std::size_t done = 0;
  while (done < most) {
    const std::size_t count = take_to_cool(std::span(taken).first(std::min(most - done, taken.size())));
    if (count == 0) break;
    const auto cooling = std::span(taken).first(count);
    for (const stack& each : cooling) {
      if (bytes != nullptr) *bytes += depth_of(each.bottom);
      stack_memory::give_back_stack(each.bottom, end_of(each.bottom));
    }
    put_cold(cooling);
    done += count;
  }
  return done;
}

// They count as room in a magazine, so that whoever has a permit finds another. None while the pool is scarce: somebody
// would be refused for their sake.
std::size_t stack_pool::take_to_cool(std::span<stack> out) noexcept {
  const internal_guard guard(lock_);
  if (is_scarce()) return 0;
  const std::size_t count = std::min({out.size(), used_.size(), granted_ - permits_ - open_});
  for (stack& each : out.first(count)) each = at(used_.pop_coldest());
  note_taken();
  open_ += count;
  return count;
}

void stack_pool::put_cold(std::span<const stack> cooled) noexcept {
  const internal_guard guard(lock_);
  for (const stack& each : cooled) cold_.push_back(each.slot);
  open_ -= cooled.size();
}

// The page just below what is kept tells whether the stack ever grew past it: it reads as zero until then, and again
// once it was given back. (One whose only frame there is a buffer that nobody wrote is overlooked, until its next
// use.) So a stack that stayed small costs no system call.
void stack_pool::trim(const stack& used) noexcept {
  std::byte* const kept = end_of(used.bottom) - k_kept;
  if (kept - used.bottom < static_cast<std::ptrdiff_t>(k_page) || stack_memory::is_zero_page(kept - k_page)) return;
  note_depth(depth_of(used.bottom));
  stack_memory::give_back_pages(used.bottom, kept);
}

void stack_pool::note_depth(std::size_t depth) noexcept {
  std::size_t deepest = deepest_.load(std::memory_order_relaxed);  // relaxed, both: a statistic
  while (depth > deepest && !deepest_.compare_exchange_weak(deepest, depth, std::memory_order_relaxed)) {
  }
}

std::size_t stack_pool::depth_of(std::byte* bottom) const noexcept {
  std::byte* const end = end_of(bottom);
  std::byte* lowest = stack_memory::lowest_resident(bottom, end);
  if (is_only_looked_at(lowest, end)) lowest = stack_memory::lowest_resident(lowest + k_page, end);
  return static_cast<std::size_t>(end - lowest);
}

// Slots never go, so a mark that is out of date still names memory of ours.
std::size_t stack_pool::depth_of_marked(std::uintptr_t mark) noexcept {
  const std::uintptr_t size_bits = mark % k_page;
  const stack_pool& pool = for_size(std::size_t{1} << size_bits);
  return pool.depth_of(reinterpret_cast<std::byte*>(mark - size_bits));  // NOLINT(performance-no-int-to-ptr)
}

// Where trim() looked, the kernel's page of zeros may be mapped: it does not count.
bool stack_pool::is_only_looked_at(const std::byte* page, const std::byte* end) noexcept {
  return page == end - k_kept - k_page && stack_memory::is_zero_page(page);
}

// A system call for each chunk that a slot was ever taken of. Chunks never go, so the lock is held for one at a time.
stack_figures stack_pool::measure() {
  std::vector<unsigned char> pages(chunk_size() / k_page);
  for (std::size_t chunk = 0;; ++chunk) {
    std::span<unsigned char> of_taken;
    std::byte* base = nullptr;
    {
      const internal_guard guard(lock_);
      const std::size_t before = chunk * (chunk_size() / slot_size_);
      if (before >= fresh_) break;
      base = chunks_[chunk];
      of_taken = std::span(pages).first(std::min(pages.size(), (fresh_ - before) * (slot_size_ / k_page)));
    }
    if (stack_memory::find_resident(base, of_taken.size() * k_page, of_taken)) note_depth(deepest_in(base, of_taken));
  }
  const internal_guard guard(lock_);
  return {.size = slot_size_,
          .permits = permits_,
          .pooled = used_.size() + cold_.size(),
          .cold = cold_.size(),
          .deepest = deepest_.load(std::memory_order_relaxed)};  // relaxed: a statistic
}

// Of a chunk whose resident pages are marked. Guards are not in memory.
std::size_t stack_pool::deepest_in(std::byte* base, std::span<const unsigned char> pages) const noexcept {
  const std::size_t per_slot = slot_size_ / k_page;
  std::size_t deepest = 0;
  for (std::size_t first = 0; first < pages.size(); first += per_slot, base += slot_size_) {
    const auto slot = pages.subspan(first, per_slot);
    auto lowest = std::find(slot.begin(), slot.end(), 1);
    const std::byte* const page = base + (lowest - slot.begin()) * static_cast<std::ptrdiff_t>(k_page);
    if (is_only_looked_at(page, base + slot_size_)) lowest = std::find(lowest + 1, slot.end(), 1);
    deepest = std::max(deepest, static_cast<std::size_t>(slot.end() - lowest) * k_page);
  }
  return deepest;
}

}  // namespace weft::detail
