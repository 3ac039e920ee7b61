// Room: runtime. See fiber_groups.hpp.

#include "fiber_groups.hpp"

#include <algorithm>

namespace weft::detail {

namespace {

template <class T>
void append_bytes(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// The bytes of all that two fibers of a group have in common.
std::string key_of(const fiber_sight& seen) {
  std::string key;
  append_bytes(key, seen.is);
  append_bytes(key, seen.worker);
  append_bytes(key, seen.waits_for);
  append_bytes(key, seen.pinned_to.value_or(~0u));
  append_bytes(key, seen.lock);
  append_bytes(key, seen.by ? seen.by->id : 0);
  append_bytes(key, seen.is_holder_known);
  append_bytes(key, seen.label.site.file);
  append_bytes(key, seen.label.site.line);
  append_bytes(key, seen.label.site.address);
  for (const void* const frame : seen.trace()) append_bytes(key, frame);
  return key;
}

bool comes_before(const fiber_label::copy& a, const fiber_label::copy& b) noexcept { return a.id < b.id; }

}  // namespace

void fiber_groups::add(const fiber_sight& seen) {
  const auto [at, is_new] = groups_.try_emplace(key_of(seen));
  fiber_group& group = at->second;
  if (is_new) group.one = seen;
  ++group.count;
  if (seen.age) {
    group.newest = std::min(group.newest.value_or(*seen.age), *seen.age);
    group.oldest = std::max(group.oldest.value_or(*seen.age), *seen.age);
  }
  group.first.insert(std::upper_bound(group.first.begin(), group.first.end(), seen.label, &comes_before), seen.label);
  if (group.first.size() > fiber_group::k_most_named) group.first.pop_back();
}

std::vector<const fiber_group*> fiber_groups::in_order() const {
  std::vector<const fiber_group*> order;
  for (const auto& [key, group] : groups_) order.push_back(&group);
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return comes_before(a->first.front(), b->first.front()); });
  return order;
}

}  // namespace weft::detail
