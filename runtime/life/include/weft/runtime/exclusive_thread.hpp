#pragma once
// Room: runtime. An OS thread for one fiber alone: for code that keeps a stack of its own in its thread, where whoever
// enters must be the first to leave. A main loop is such code (Asio's io_context::run, GLib's, Qt's), an interpreter,
// a library with one context a thread.
//
//   weft::go([&] {
//     weft::exclusive_thread here;  // from here on this fiber runs on a thread of its own
//     g_main_loop_run(loop);        // its callbacks may park, or really block: nobody is held up
//   });
//
// Making one moves the fiber to a worker thread that is none of the runtime's options.workers and runs no other fiber.
// While one lives the fiber stays there: where it parks, the thread sleeps; whoever wakes it wakes that thread. All of
// weft works as ever; what it spawns, or wakes, runs on the other workers (spawn_options.pinned: on the first of them
// that runs it). Code that blocks, or computes, costs nobody anything but the processor.
// When the last one goes, the fiber goes on, and is back among the others from its next switch point on.
//
// They nest, also with pin_guard: the thread is the fiber's until the last of both kinds has gone. Not movable; a fiber
// destroys its own ones (checked). Making one is a switch point, and a cancellation point before anything has changed;
// making one inside another is the latter alone; destroying one is neither.
//
// What it costs: a thread, made when none is free, and kept for the next fiber that asks; two switches of threads for
// making one, and one for each wake-up. Up to 256 fibers of a runtime may have one at a time.
// A thread may have had another fiber before: its thread_locals are as that left them. Its signal mask and floating
// environment are a worker's. Dumps say `alone on worker 9`, the kernel calls it weft-alone-9.
//
// Throws std::logic_error outside a runtime, in simulate (which has one thread for all), and where the fiber cannot
// move, because it has promised to stay where it is: under a pin_guard, spawned pinned, or holding a lock of foreign
// code (libweft_interpose). Throws std::system_error (resource_unavailable_try_again) for one too many, or when the
// system gives no thread.
// Next: pin_guard.hpp, where others may run on the thread meanwhile; blocking.hpp, for one call that blocks.

#include <weft/runtime/detail/require_cpp20.hpp>

namespace weft::detail {
struct fiber_block;
}

#pragma GCC visibility push(default)

namespace weft {

class [[nodiscard]] exclusive_thread {
 public:
  exclusive_thread();
  ~exclusive_thread();
  exclusive_thread(const exclusive_thread&) = delete;
  exclusive_thread& operator=(const exclusive_thread&) = delete;

 private:
  detail::fiber_block& fiber_;
};

}  // namespace weft

#pragma GCC visibility pop
