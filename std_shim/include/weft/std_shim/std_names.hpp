#pragma once
// Room: std_shim. The names of std that need no version of their own: they work on weft's types as they are, so that
// replacing `std::` by `weft::` in a program finds them.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <condition_variable>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <stop_token>

#pragma GCC visibility push(default)

namespace weft {

using std::adopt_lock;
using std::adopt_lock_t;
using std::defer_lock;
using std::defer_lock_t;
using std::lock;
using std::lock_guard;
using std::scoped_lock;
using std::shared_lock;
using std::try_lock;
using std::try_to_lock;
using std::try_to_lock_t;
using std::unique_lock;

using std::cv_status;

using std::future_category;
using std::future_errc;
using std::future_error;
using std::future_status;
using std::launch;

using std::nostopstate;
using std::nostopstate_t;
using std::stop_callback;
using std::stop_source;
using std::stop_token;

}  // namespace weft

#pragma GCC visibility pop
