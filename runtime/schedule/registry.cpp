// Room: runtime. See registry.hpp.

#include "registry.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

namespace weft::detail {

namespace {

struct registered {
  std::mutex mutex;  // held for long by a snapshot, so no internal lock
  std::vector<scheduler*> runtimes;
};

registered& all() noexcept {
  static auto* const r = new registered;  // never destroyed
  return *r;
}

}  // namespace

void register_runtime(scheduler& started) {
  const std::scoped_lock lock(all().mutex);
  all().runtimes.push_back(&started);
}

void unregister_runtime(scheduler& ended) noexcept {
  const std::scoped_lock lock(all().mutex);
  std::erase(all().runtimes, &ended);
}

void for_each_runtime(const std::function<void(scheduler&)>& f) {
  with_all_runtimes([&](const std::vector<scheduler*>& runtimes) {
    for (scheduler* each : runtimes) f(*each);
  });
}

void with_all_runtimes(const std::function<void(const std::vector<scheduler*>&)>& f) {
  const std::scoped_lock lock(all().mutex);
  f(all().runtimes);
}

}  // namespace weft::detail
