// Room: sync. See recursive_mutex.hpp.
//
// The owner's address is unique while it lives (park.hpp), and it is written and taken back by the holder alone: so a
// fiber that reads its own address there has stored it itself and not yet taken it back.

#include <weft/sync/recursive_mutex.hpp>

#include <system_error>

#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/park.hpp>

namespace weft {

namespace {
#ifdef WEFT_TRACKS_OWNERS
constexpr bool k_checks_owner = true;
#else
constexpr bool k_checks_owner = false;
#endif
constexpr detail::wait_label k_label = "recursive mutex";
}  // namespace

bool recursive_mutex::is_owned_by(const void* self) const noexcept {
  // relaxed: only a value that `self` itself stored can be equal.
  return owner_.load(std::memory_order_relaxed) == self;
}

void recursive_mutex::note_owner(const void* self) noexcept {
  owner_.store(self, std::memory_order_relaxed);  // relaxed: as in is_owned_by
  levels_ = 1;
}

bool recursive_mutex::add_level() noexcept {
  if (levels_ == k_most_levels) return false;
  ++levels_;
  return true;
}

void recursive_mutex::lock() {
  const void* const self = &detail::this_waiter();
  if (is_owned_by(self)) {
    if (!add_level())
      throw std::system_error(
          std::make_error_code(std::errc::resource_unavailable_try_again),
          "weft::recursive_mutex: locked 1,048,575 times by its owner; unlock as often as you lock");
    return;
  }
  static_cast<void>(core_.try_lock_until(deadline::never(), k_label));
  note_owner(self);
}

bool recursive_mutex::try_lock() noexcept {
  const void* const self = &detail::this_waiter();
  if (is_owned_by(self)) return add_level();
  if (!core_.try_lock()) return false;
  note_owner(self);
  return true;
}

bool recursive_mutex::lock_until(deadline until) {
  const void* const self = &detail::this_waiter();
  if (is_owned_by(self)) return add_level();
  if (!core_.try_lock_until(until, k_label)) return false;
  note_owner(self);
  return true;
}

void recursive_mutex::unlock() noexcept {
  WEFT_CHECK(levels_ != 0, "weft::recursive_mutex: unlocked while nobody holds it");
  WEFT_CHECK(!k_checks_owner || is_owned_by(&detail::this_waiter()),
             "weft::recursive_mutex: unlocked by a fiber or thread that does not hold it");
  if (--levels_ != 0) return;
  owner_.store(nullptr, std::memory_order_relaxed);  // relaxed: as in is_owned_by
  core_.unlock();
}

}  // namespace weft
