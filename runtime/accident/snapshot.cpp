// Room: runtime. See snapshot.hpp.

#include <weft/runtime/snapshot.hpp>

#include <algorithm>
#include <fstream>
#include <unordered_map>

#include <dirent.h>
#include <unistd.h>

#include <weft/runtime/spawn.hpp>

#include "describe.hpp"
#include "environment.hpp"
#include "live_counts.hpp"
#include "registry.hpp"
#include "scheduler.hpp"

namespace weft {

namespace {

using detail::fiber_block;
using detail::fiber_label;
using detail::wait_state;

// Of a block whose fiber lives.
fiber_state state_of(const fiber_block& fiber, bool on_a_worker) noexcept {
  const wait_state waits = fiber.word.state();
  if (waits == wait_state::parked) return fiber_state::parked;
  return on_a_worker ? fiber_state::running : fiber_state::ready;
}

constexpr const char* k_tasks = "/proc/self/task";

// What stands in it, empty where there is no such directory. By hand: std::filesystem ends the process when its
// iterator gets no memory.
std::vector<std::string> names_in(const char* path) {
  struct closing {
    DIR* const open;
    ~closing() {
      if (open != nullptr) ::closedir(open);
    }
  } const directory{::opendir(path)};
  std::vector<std::string> names;
  while (const dirent* const entry = directory.open != nullptr ? ::readdir(directory.open) : nullptr)
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  return names;
}

std::vector<thread_info> all_threads(const std::unordered_map<int, thread_info>& ours) {
  std::vector<thread_info> threads;
  for (const std::string& task : names_in(k_tasks)) {
    const auto tid = static_cast<int>(detail::parse_number(k_tasks, task, false));
    std::string name;
    std::ifstream file(std::string(k_tasks) + "/" + task + "/comm");
    std::getline(file, name);
    const auto known = ours.find(tid);
    thread_info info = known != ours.end() ? known->second : thread_info{tid, "", thread_role::plain, "", {}};
    if (known == ours.end() && name == "weft-blocking") info.role = thread_role::blocking_helper;
    info.name = name;
    threads.push_back(std::move(info));
  }
  // Where the system does not list them, those that are ours.
  if (threads.empty())
    for (const auto& [tid, info] : ours) threads.push_back(info);
  std::sort(threads.begin(), threads.end(), [](const auto& a, const auto& b) { return a.tid < b.tid; });
  return threads;
}

void add_runtime(detail::scheduler& home, process_snapshot& to, std::unordered_map<int, thread_info>& ours) {
  std::vector<const fiber_block*> running;
  for (const auto& w : home.seats.all()) {
    const fiber_block* const current = w->current();
    running.push_back(current);
    ours[w->thread_id] = {w->thread_id, "", thread_role::worker, "scheduler",
                          current ? detail::id_of(current) : fiber_id()};
  }
  ours[home.watch().thread_id] = {home.watch().thread_id, "", thread_role::netpoller, "netpoller", {}};
  const std::int64_t now = home.now().nanoseconds();
  detail::fiber_slab().for_each([&](const fiber_block& fiber) {
    fiber_label::copy label;
    // relaxed: a hint.
    if (fiber.home.load(std::memory_order_relaxed) != &home || !fiber.lives() || !fiber.label.read(label)) return;
    const bool on_a_worker = std::find(running.begin(), running.end(), &fiber) != running.end();
    fiber_info info{
        fiber_id(label.id),       label.name.data(),     state_of(fiber, on_a_worker), "", {}, site_of(label), 0,
        fiber.worker_pinned_to(), fiber.has_own_thread()};
    const char* const waits_for = fiber.waits_for;
    if (info.state == fiber_state::parked && waits_for != nullptr) {
      info.waits_for = waits_for;
      info.since = std::chrono::nanoseconds(std::max<std::int64_t>(0, now - fiber.waits_since));
    }
    if (const std::uintptr_t mark = fiber.stack_mark; mark != 0)
      info.stack_used = detail::stack_pool::depth_of_marked(mark);
    to.fibers.push_back(std::move(info));
  });
}

// Of the sizes that were ever asked for.
std::vector<stack_info> all_stacks() {
  std::vector<stack_info> stacks;
  detail::stack_pool::for_each([&](detail::stack_pool& pool) {
    const detail::stack_figures now = pool.measure();
    if (now.permits + now.pooled + now.deepest != 0)
      stacks.push_back({now.size, now.permits, now.pooled, now.deepest, now.cold});
  });
  return stacks;
}

}  // namespace

const char* to_string(fiber_state state) noexcept {
  switch (state) {
    case fiber_state::ready: return "ready";
    case fiber_state::running: return "running";
    case fiber_state::parked: return "parked";
  }
  return "?";
}

const char* to_string(thread_role role) noexcept {
  switch (role) {
    case thread_role::worker: return "worker";
    case thread_role::netpoller: return "netpoller";
    case thread_role::blocking_helper: return "blocking helper";
    case thread_role::plain: return "plain";
  }
  return "?";
}

std::size_t process_snapshot::count(fiber_state state) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(fibers.begin(), fibers.end(), [state](const fiber_info& f) { return f.state == state; }));
}

process_snapshot snapshot() {
  process_snapshot taken;
  taken.pid = static_cast<int>(::getpid());
  std::unordered_map<int, thread_info> ours;
  detail::for_each_runtime([&](detail::scheduler& home) { add_runtime(home, taken, ours); });
  taken.threads = all_threads(ours);
  taken.stacks = all_stacks();
  return taken;
}

bool detail::is_any_awake_but(fiber_id self) noexcept {
  bool found = false;
  fiber_slab().for_each([&](const fiber_block& fiber) {
    if (fiber.lives() && fiber.word.state() != wait_state::parked && id_of(&fiber) != self) found = true;
  });
  return found;
}

detail::counts detail::live_counts() {
  counts sum;
  for_each_runtime([&](scheduler& home) {
    sum.fibers += home.live_fibers();
    sum.timers += home.armed_timers();
  });
  sum.stacks = stack_pool::permits_out();
  return sum;
}

}  // namespace weft
