#pragma once
// Room: runtime. Every runtime of the process, for snapshots and reports.

#include <functional>

namespace weft::detail {

class scheduler;

void register_runtime(scheduler& started);
void unregister_runtime(scheduler& ended) noexcept;

// None of them ends meanwhile.
void for_each_runtime(const std::function<void(scheduler&)>& f);

}  // namespace weft::detail
