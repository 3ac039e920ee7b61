// Room: runtime. See dump.hpp. First one fiber after another is looked at, and then all is written.

#include <weft/runtime/dump.hpp>

#include <ostream>
#include <string>
#include <unordered_set>
#include <vector>

#include "describe.hpp"
#include "fiber_block.hpp"
#include "fiber_groups.hpp"
#include "large_stack.hpp"
#include "lock_cycles.hpp"
#include "quantity_text.hpp"
#include "ready_look.hpp"
#include "registry.hpp"
#include "source_lines.hpp"
#include "stack_walk.hpp"
#include "symbols.hpp"

namespace weft {

namespace {

using detail::code_of;
using detail::fiber_group;
using detail::fiber_sight;

constexpr const char* k_how_to_get_lines =
    "weft: a dump tells file and line of each frame where libdw is installed (Debian, Ubuntu: libdw1; Fedora: "
    "elfutils-libs)\n";

// `: channel receive`, `: mutex 0x10, held by fiber #3`.
std::string wait_of(const fiber_sight& seen) {
  if (seen.waits_for == nullptr) return "";
  if (seen.lock == nullptr) return std::string(": ") + seen.waits_for;
  const std::string lock = ": " + detail::text_of_lock(seen.waits_for, seen.lock);
  if (!seen.is_holder_known) return lock;
  return lock + ", held by " + (seen.by ? detail::name_of(*seen.by) : "a plain thread");
}

std::string age_of(const fiber_group& group) {
  if (!group.oldest || group.count != 1) return "";
  return " for " + detail::age_in_words(*group.oldest);
}

std::string state_of(const fiber_group& group) {
  const fiber_sight& seen = group.one;
  switch (seen.is) {
    case fiber_sight::state::running: return "running on worker " + std::to_string(seen.worker);
    case fiber_sight::state::ready:
      return std::string("ready") + (seen.waits_for != nullptr ? std::string(", woken from: ") + seen.waits_for : "") +
             (seen.frame_count == 0 && detail::k_walks_parked_stacks ? ", no trace" : "");
    case fiber_sight::state::not_begun: return "ready to begin";
    case fiber_sight::state::parked: return "parked" + age_of(group) + wait_of(seen);
  }
  return "?";
}

std::string pin_of(const fiber_sight& seen) {
  if (!seen.pinned_to) return "";
  return (seen.has_own_thread ? ", alone on worker " : ", pinned to worker ") + std::to_string(*seen.pinned_to);
}

std::string ages_of(const fiber_group& group) {
  if (!group.oldest) return "";
  return ", oldest " + detail::age_in_words(*group.oldest) + ", newest " + detail::age_in_words(*group.newest);
}

// `    fiber #3 'a', fiber #4, fiber #9 and 995 more`.
std::string members_of(const fiber_group& group) {
  std::string text = "    ";
  for (const auto& each : group.first) text += (text.size() > 4 ? ", " : "") + detail::name_of(each);
  const std::size_t others = group.count - group.first.size();
  return others != 0 ? text + " and " + std::to_string(others) + " more" : text;
}

// A group of one is told as that fiber.
std::string head_of(const fiber_group& group) {
  const fiber_sight& seen = group.one;
  if (group.count == 1) return detail::describe(seen.label) + ": " + state_of(group) + pin_of(seen) + "\n";
  const std::string site = detail::site_of(seen.label);
  return std::to_string(group.count) + " fibers" + (site.empty() ? "" : ", spawned at " + site) + ": " +
         state_of(group) + ages_of(group) + pin_of(seen) + "\n" + members_of(group) + "\n";
}

// Of weft's own frames in a row only the outermost is told, which is what the user called; those below all of the
// user's, which call the fiber's function, not at all.
std::vector<const void*> told_of(const fiber_sight& seen) {
  std::vector<const void*> told;
  const void* called = nullptr;
  for (const void* const frame : seen.trace()) {
    const code_of whose = detail::whose_code(frame);
    if (whose == code_of::weft) called = frame;
    if (whose != code_of::user) continue;
    if (called != nullptr) told.push_back(called);
    called = nullptr;
    told.push_back(frame);
  }
  if (told.empty()) told.assign(seen.trace().begin(), seen.trace().end());
  return told;
}

std::string text_of(const fiber_group& group) {
  std::string text = head_of(group);
  for (const void* const frame : told_of(group.one)) text += "    " + detail::describe_return_address(frame) + "\n";
  return text;
}

// All that text_of() will tell, at once: false if their lines would be told were libdw installed.
bool learn_lines_of(const std::vector<const fiber_group*>& groups) {
  std::vector<const void*> all;
  for (const fiber_group* const each : groups) {
    const std::vector<const void*> frames = told_of(each->one);
    all.insert(all.end(), frames.begin(), frames.end());
    const source_site& site = each->one.label.site;
    if (site.file == nullptr && site.address != nullptr) all.push_back(site.address);
  }
  return all.empty() || detail::learn_lines(all);
}

struct sights {
  std::size_t count = 0;
  detail::fiber_groups groups;
  detail::lock_cycles cycles;

  // Who is ready is looked at first, and may have changed its state when all others are.
  std::unordered_set<std::uint64_t> ready = {};

  void add_ready(const fiber_sight& seen) {
    if (ready.insert(seen.label.id).second) add(seen);
  }
  void add(const fiber_sight& seen) {
    ++count;
    groups.add(seen);
    cycles.add(seen);
  }
};

std::string text_of(const sights& all) {
  const std::vector<const fiber_group*> groups = all.groups.in_order();
  const bool lines_are_known = learn_lines_of(groups);
  std::string text = "weft: " + detail::count_in_words(all.count, "fiber") + "\n";
  for (const std::string& each : all.cycles.in_words()) text += "locked crosswise: " + each + "\n";
  for (const fiber_group* const each : groups) text += text_of(*each);
  return lines_are_known ? text : text + k_how_to_get_lines;
}

}  // namespace

void dump(std::ostream& out) {
  sights all;
  if (detail::may_look_at_ready()) {
    detail::for_each_runtime([&](detail::scheduler& home) {
      detail::look_at_ready(home, [&](detail::fiber_block& fiber) {
        if (const auto seen = detail::look_at_ready_one(fiber)) all.add_ready(*seen);
      });
    });
  }
  const std::vector<detail::running_fiber> running = detail::all_running();
  detail::fiber_slab().for_each([&](detail::fiber_block& fiber) {
    const auto seen = detail::look_at(fiber, running);
    if (seen && !all.ready.contains(seen->label.id)) all.add(*seen);
  });
  std::string text;
  detail::on_a_large_stack([&] { text = text_of(all); });
  out << text << std::flush;
}

}  // namespace weft
