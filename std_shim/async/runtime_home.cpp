// Room: async. See detail/runtime_home.hpp, "Outliving".

#include <weft/async/detail/runtime_home.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include <weft/async/detail/coroutine_home.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/park.hpp>
#include <weft/sync/shared_mutex.hpp>

namespace weft::detail {

struct runtime_home::record {
  explicit record(scheduler* at) noexcept : where(at) {}

  shared_mutex visitors;
  // Written under `visitors`, or before anybody knows the record. Null: it has ended.
  std::atomic<scheduler*> where;
  std::atomic<std::uint32_t> references{1};
  // Guarded by the table's lock.
  record* next = nullptr;
};

namespace {

using record = runtime_home::record;

// The runtimes that live and have been asked for. Never destroyed.
struct table {
  internal_lock lock;
  record* first WEFT_GUARDED_BY(lock) = nullptr;
};
constinit table g_homes;

void refer(record& to) noexcept { to.references.fetch_add(1, std::memory_order_relaxed); }  // relaxed: a counter

// acq_rel: who destroys it sees what the others did to it.
void let_go(record* from) noexcept {
  if (from->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete from;
}

// With a reference for the caller. `fresh` is entered if it is not there; it is null then.
record* find_or_enter(scheduler* mine, std::unique_ptr<record>& fresh) noexcept {
  internal_guard held(g_homes.lock);
  for (record* each = g_homes.first; each != nullptr; each = each->next) {
    // relaxed: the caller runs there, so it has not ended.
    if (each->where.load(std::memory_order_relaxed) != mine) continue;
    refer(*each);
    return each;
  }
  fresh->next = g_homes.first;
  return g_homes.first = fresh.release();
}

void take_out(const record& gone) noexcept {
  internal_guard held(g_homes.lock);
  record** place = &g_homes.first;
  while (*place != &gone) place = &(*place)->next;
  *place = gone.next;
}

}  // namespace

// O3 and O4; also if the keeper could not be started.
class runtime_home::keeper {
 public:
  explicit keeper(runtime_home of) noexcept : of_(std::move(of)) {}
  keeper(keeper&&) noexcept = default;
  keeper& operator=(keeper&&) = delete;
  ~keeper() {
    if (of_.at_ != nullptr) end();
  }

  void operator()() {
    const wait_token token = arm(cancellation::honoured);
    park(token, deadline::never(), "end of the runtime, for its executors");
    throw_cancelled();
  }

 private:
  void end() noexcept {
    const shield_guard to_the_end;
    take_out(*of_.at_);  // a runtime that comes to the same place finds no record of this one
    of_.at_->visitors.lock();
    of_.at_->where.store(nullptr, std::memory_order_relaxed);  // relaxed: the lock publishes it
    of_.at_->visitors.unlock();
  }

  runtime_home of_;
};

runtime_home runtime_home::of_caller(const char* call) {
  require_fiber(call);
  return of_caller_or_threads();
}

runtime_home runtime_home::of_caller_or_threads() {
  scheduler* const there = coroutine_home();
  auto fresh = std::make_unique<record>(there);
  runtime_home home(find_or_enter(there, fresh));
  if (fresh != nullptr) return home;
  if (never_ends(there))
    refer(*home.at_);  // the table's, for ever; the keeper has it of others
  else
    go({.name = "executor"}, keeper(home));
  return home;
}

runtime_home::runtime_home(const runtime_home& from) noexcept : at_(from.at_) {
  if (at_ != nullptr) refer(*at_);
}

runtime_home::~runtime_home() {
  if (at_ != nullptr) let_go(at_);
}

bool runtime_home::is_callers() const noexcept {
  scheduler* const mine = this_runtime();
  // relaxed: it is only compared, and the caller's runtime has not ended.
  return mine != nullptr && at_->where.load(std::memory_order_relaxed) == mine;
}

runtime_home::visit::visit(const runtime_home& to) : at_(*to.at_) { at_.visitors.lock_shared(); }

runtime_home::visit::~visit() { at_.visitors.unlock_shared(); }

new_fiber runtime_home::visit::make_fiber(const spawn_options& options, source_site site) const {
  scheduler* const there = at_.where.load(std::memory_order_relaxed);  // relaxed: under the lock
  if (there == nullptr) return {nullptr, nullptr};
  try {
    return detail::make_fiber(there, options, site);
  } catch (const std::logic_error&) {
    if (is_ending(*there)) return {nullptr, nullptr};
    throw;
  }
}

}  // namespace weft::detail
