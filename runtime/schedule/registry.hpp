#pragma once
// Room: runtime. Every runtime of the process, for snapshots and reports.

#include <functional>
#include <vector>

namespace weft::detail {

class scheduler;

void register_runtime(scheduler& started);
void unregister_runtime(scheduler& ended) noexcept;

// None of them ends meanwhile.
void for_each_runtime(const std::function<void(scheduler&)>& f);
// Nor does another begin.
void with_all_runtimes(const std::function<void(const std::vector<scheduler*>&)>& f);

}  // namespace weft::detail
