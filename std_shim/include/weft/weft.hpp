#pragma once
// Room: std_shim. All of weft but what needs Boost (asio.hpp). Includes the standard headers that its signatures speak
// of. Three of them are dear to compile; of these, where the standard library has them in parts, only this:
//   <chrono>       durations, points in time, clocks, literals. Calendars, time zones, printing need <chrono>
//   <functional>   function, reference_wrapper, ref, cref, hash, less, plus and their like. invoke, bind, mem_fn,
//                  not_fn and the searchers need <functional>
//   <memory>       unique_ptr, shared_ptr, weak_ptr, make_unique, make_shared and their like, addressof, allocator.
//                  atomic<shared_ptr> and the algorithms on raw memory need <memory>
// A program that uses more of std includes it itself; tests/headers/umbrella.cpp uses what it need not.
// Next: runtime/runtime.hpp, where a program begins.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

#include <weft/netpoll/any_stream.hpp>
#include <weft/netpoll/buffered_stream.hpp>
#include <weft/netpoll/descriptor_stream.hpp>
#include <weft/netpoll/copy.hpp>
#include <weft/netpoll/copy_file.hpp>
#include <weft/netpoll/dial.hpp>
#include <weft/netpoll/dial_unix.hpp>
#include <weft/netpoll/endpoint.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/netpoll/file.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/process.hpp>
#include <weft/netpoll/resolve.hpp>
#include <weft/netpoll/signal_source.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/netpoll/udp_socket.hpp>
#include <weft/netpoll/unix_listener.hpp>
#include <weft/netpoll/unix_stream.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/clock.hpp>
#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/detail/chrono.hpp>
#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/exclusive_thread.hpp>
#include <weft/runtime/fiber_local.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/simulate.hpp>
#include <weft/runtime/snapshot.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/trim.hpp>
#include <weft/runtime/with_timeout.hpp>
#include <weft/std_shim/async.hpp>
#include <weft/std_shim/atomic.hpp>
#include <weft/std_shim/jthread.hpp>
#include <weft/std_shim/retry.hpp>
#include <weft/std_shim/signals.hpp>
#include <weft/std_shim/singleflight.hpp>
#include <weft/std_shim/std_names.hpp>
#include <weft/std_shim/this_thread.hpp>
#include <weft/std_shim/thread.hpp>
#include <weft/std_shim/ticker.hpp>
#include <weft/sync/barrier.hpp>
#include <weft/sync/channel.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/condition_variable_any.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/future.hpp>
#include <weft/sync/latch.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/once.hpp>
#include <weft/sync/packaged_task.hpp>
#include <weft/sync/recursive_mutex.hpp>
#include <weft/sync/select.hpp>
#include <weft/sync/semaphore.hpp>
#include <weft/sync/semaphore_guard.hpp>
#include <weft/sync/shared_mutex.hpp>
#include <weft/sync/timed_mutex.hpp>
#include <weft/sync/wait_group.hpp>
