// Room: tests. See watchdog.hpp.

#include <support/watchdog.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <support/seed.hpp>
#include <weft/runtime/snapshot.hpp>

#include "sanitizers.hpp"

namespace weft::testing {

namespace {

#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
constexpr std::chrono::seconds k_limit{80};
#else
constexpr std::chrono::seconds k_limit{20};
#endif

// WEFT_TEST_LIMIT, in seconds, for where everything is slow: an emulated processor.
std::chrono::seconds limit() {
  const char* const given = std::getenv("WEFT_TEST_LIMIT");
  const std::chrono::seconds wanted(given != nullptr ? std::strtol(given, nullptr, 10) : 0);
  return wanted.count() > 0 ? wanted : k_limit;
}

constexpr std::size_t k_most_lines = 500;  // of a million fibers, the first say enough

void print(const fiber_info& fiber) {
  const double since = std::chrono::duration<double>(fiber.since).count();
  std::fprintf(stderr, "  %-24s %-8s %-24s %8.3f s  %s\n", fiber.name.c_str(), to_string(fiber.state),
               fiber.waits_for.c_str(), since, fiber.spawned_at.c_str());
}

}  // namespace

watchdog* watchdog::one_ = nullptr;

watchdog::watchdog() : thread_([this] { watch(); }) { one_ = this; }

void watchdog::allow_much() {
  const std::lock_guard held(one_->mutex_);
  one_->allowed_ = 4 * limit();
  one_->limit_ = clock::now() + one_->allowed_;
}

void watchdog::begin_again() {
  const std::lock_guard held(one_->mutex_);
  one_->limit_ = clock::now() + one_->allowed_;
}

watchdog::~watchdog() {
  {
    const std::lock_guard held(mutex_);
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void watchdog::arm(std::string what) {
  {
    const std::lock_guard held(mutex_);
    what_ = std::move(what);
    allowed_ = limit();
    limit_ = clock::now() + allowed_;
  }
  changed_.notify_one();
}

void watchdog::disarm() {
  const std::lock_guard held(mutex_);
  what_.clear();
}

void watchdog::watch() {
  std::unique_lock held(mutex_);
  while (!is_over_) {
    if (what_.empty()) {
      changed_.wait(held);
    } else if (changed_.wait_until(held, limit_) == std::cv_status::timeout && !what_.empty() &&
               clock::now() >= limit_) {
      end_process(what_, allowed_);
    }
  }
}

void watchdog::end_process(const std::string& what, std::chrono::seconds allowed) {
  // The first line comes before the picture, which a broken runtime may not give.
  std::fprintf(stderr, "\nwatchdog: %s has not ended after %lld s, seed=%llu\n", what.c_str(),
               static_cast<long long>(allowed.count()), static_cast<unsigned long long>(process_seed()));
  std::fflush(nullptr);
  const process_snapshot now = snapshot();
  std::fprintf(stderr, "%zu threads, %zu fibers (name, state, waits for, since, spawned at):\n", now.threads.size(),
               now.fibers.size());
  const std::size_t shown = std::min(now.fibers.size(), k_most_lines);
  for (std::size_t i = 0; i < shown; ++i) print(now.fibers[i]);
  if (shown < now.fibers.size()) std::fprintf(stderr, "  and %zu more\n", now.fibers.size() - shown);
  std::fflush(nullptr);
  std::abort();
}

}  // namespace weft::testing
