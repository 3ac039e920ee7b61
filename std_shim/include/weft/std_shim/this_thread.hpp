#pragma once
// Room: std_shim. std::this_thread's interface: the calling fiber, or the calling thread if it runs none. Sleeps and
// yield are cancellation points. Next: std_names.hpp.

#include <weft/runtime/this_fiber.hpp>

#pragma GCC visibility push(default)

namespace weft::this_thread {

using this_fiber::get_id;  // the default weft::thread::id on a plain thread
using this_fiber::sleep_for;
using this_fiber::sleep_until;
using this_fiber::yield;

}  // namespace weft::this_thread

#pragma GCC visibility pop
