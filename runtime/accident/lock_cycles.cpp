// Room: runtime. See lock_cycles.hpp.

#include "lock_cycles.hpp"

#include "describe.hpp"

namespace weft::detail {

void lock_cycles::add(const fiber_sight& seen) {
  if (seen.lock != nullptr && seen.by)
    waits_.emplace(seen.label.id, wait{seen.label, seen.waits_for, seen.lock, *seen.by});
}

const lock_cycles::wait* lock_cycles::after(const wait& of) const {
  const auto next = waits_.find(of.holder.id);
  return next != waits_.end() ? &next->second : nullptr;
}

// True for one of each cycle: the one with the least number. Who has more steps to go than there are waits is in none.
bool lock_cycles::begins_cycle(const wait& first) const {
  const wait* at = after(first);
  for (std::size_t steps = 0; at != nullptr && steps < waits_.size(); ++steps, at = after(*at)) {
    if (at->who.id == first.who.id) return true;
    if (at->who.id < first.who.id) return false;
  }
  return false;
}

std::vector<std::string> lock_cycles::in_words() const {
  std::vector<std::string> lines;
  for (const auto& [id, first] : waits_) {
    if (!begins_cycle(first)) continue;
    std::string line = name_of(first.who);
    const wait* at = &first;
    do {
      line += std::string(at == &first ? " waits for " : ", who waits for ") + text_of_lock(at->kind, at->lock) +
              ", which " + name_of(at->holder) + " holds";
      at = after(*at);
    } while (at != &first);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace weft::detail
