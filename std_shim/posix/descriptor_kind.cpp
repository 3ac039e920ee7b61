// Room: posix. See descriptor_kind.hpp.

#include "descriptor_kind.hpp"

#include <array>
#include <atomic>

#include <fcntl.h>
#include <sys/stat.h>

#include "real.hpp"

namespace weft::posix {

namespace {

// Numbers beyond are probed at each call. Pages of it that nobody touches are never there.
constexpr int k_kept = 1 << 16;
using ways = std::array<std::atomic<way>, k_kept>;
constinit std::array<ways, 2> g_ways{};
constinit std::atomic<int> g_beyond{0};  // no way is known of this number or of one after it

// relaxed, all: what is read is a guess, which the call itself corrects.
std::atomic<way>* kept_way(int fd, side s) noexcept {
  if (fd < 0 || fd >= k_kept) return nullptr;
  return &g_ways[static_cast<std::size_t>(s)][static_cast<std::size_t>(fd)];
}

// relaxed: what is raised too late for who forgets is a guess that came later.
void raise_beyond(int fd) noexcept {
  int before = g_beyond.load(std::memory_order_relaxed);
  while (before <= fd && !g_beyond.compare_exchange_weak(before, fd + 1, std::memory_order_relaxed)) continue;
}

void keep_way(int fd, side s, way what) noexcept {
  auto* const place = kept_way(fd, s);
  if (place == nullptr) return;
  if (what != way::unknown) raise_beyond(fd);
  place->store(what, std::memory_order_relaxed);  // relaxed: a guess
}

way probe(int fd) noexcept {
  struct stat what {};
  if (::fstat(fd, &what) != 0) return way::unknown;
  if (S_ISSOCK(what.st_mode)) return way::message;
  const bool is_storage = S_ISREG(what.st_mode) || S_ISDIR(what.st_mode) || S_ISBLK(what.st_mode);
  return is_storage ? way::storage : way::flag;
}

// Of a file or a disk. One that waits for its disk by its own flags is written to elsewhere.
way without_flag(int fd, side s) noexcept {
  struct stat what {};
  const int flags = real().fcntl(fd, F_GETFL);
  const bool is_brief = s == side::out && ::fstat(fd, &what) == 0 && S_ISREG(what.st_mode) && flags >= 0 &&
                        (flags & (O_DIRECT | O_DSYNC)) == 0;  // O_SYNC has the bit of O_DSYNC
  return is_brief ? way::in_place : way::helper;
}

[[gnu::noinline]] way probe_and_keep(int fd, side s) noexcept {
  const way found = probe(fd);
  keep_way(fd, s, found);
  return found;
}

}  // namespace

way way_of(int fd, side s) noexcept {
  if (auto* const place = kept_way(fd, s)) {
    const way kept = place->load(std::memory_order_relaxed);  // relaxed: a guess
    if (kept != way::unknown) [[likely]]
      return kept;
  }
  return probe_and_keep(fd, s);
}

bool is_storage_yet(int fd) noexcept {
  if (probe(fd) == way::storage) return true;
  forget_way(fd);
  return false;
}

void note_no_flag(int fd, side s) noexcept {
  switch (probe(fd)) {
    case way::message: return keep_way(fd, s, way::message);
    case way::storage: return keep_way(fd, s, without_flag(fd, s));
    case way::unknown: return forget_way(fd);
    default: return keep_way(fd, s, way::look);
  }
}

void forget_way(int fd) noexcept {
  keep_way(fd, side::in, way::unknown);
  keep_way(fd, side::out, way::unknown);
}

void forget_ways(unsigned first, unsigned last) noexcept {
  const auto beyond = static_cast<unsigned>(g_beyond.load(std::memory_order_relaxed));  // relaxed: as in raise_beyond
  for (unsigned fd = first; fd < beyond && fd <= last; ++fd) forget_way(static_cast<int>(fd));
}

}  // namespace weft::posix
