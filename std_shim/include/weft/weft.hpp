#pragma once
// Room: std_shim. All of weft but what needs Boost (asio.hpp). Includes the standard headers that its signatures speak
// of.
// Next: runtime/runtime.hpp, where a program begins.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

#include <weft/netpoll/dial.hpp>
#include <weft/netpoll/endpoint.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/netpoll/resolve.hpp>
#include <weft/netpoll/signal_source.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/clock.hpp>
#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/simulate.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/std_shim/signals.hpp>
#include <weft/std_shim/std_names.hpp>
#include <weft/std_shim/this_thread.hpp>
#include <weft/std_shim/thread.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/select.hpp>
#include <weft/sync/wait_group.hpp>
