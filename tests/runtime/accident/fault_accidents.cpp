// Room: tests. Accidents that end in a signal: fibers that overflow their stacks, and other faults.

#include <array>
#include <csignal>
#include <cstdint>
#include <string_view>
#include <thread>

#include <sys/mman.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace {

using namespace std::chrono_literals;

// Touches every page on its way down, as -fstack-clash-protection makes any function do.
[[gnu::noinline]] int descend(int depth) {
  volatile char frame[1000];
  frame[0] = static_cast<char>(depth);
  return depth == 0 ? 0 : descend(depth - 1) + frame[0];
}

constexpr int k_too_deep = 1'000'000;

volatile std::uintptr_t g_nowhere = 64;  // which the compiler cannot know
void fault() { *reinterpret_cast<volatile int*>(g_nowhere) = 1; }

// A handler that a program had before it started a runtime.
void handle(int) {
  constexpr std::string_view k_words = "handled by the program\n";
  if (::write(STDERR_FILENO, k_words.data(), k_words.size()) < 0) ::_exit(8);
  ::_exit(7);
}

// A page that its handler makes writable when it is written to, like a collector's write barrier.
void* g_barrier = nullptr;
int g_barriers_met = 0;
void open_barrier(int, siginfo_t* info, void*) {
  if (info->si_addr != g_barrier) ::_exit(9);
  ++g_barriers_met;
  ::mprotect(g_barrier, 4096, PROT_READ | PROT_WRITE);
}

void handle_with(void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSEGV, &action, nullptr);
}

ACCIDENT(overflow_of_a_named_fiber) {
  weft::run([] { weft::spawn({.name = "deep", .stack_size = 64 << 10}, [] { descend(k_too_deep); }).join(); });
  return 0;
}

// On a thread that the monitor made, because the only worker computes.
ACCIDENT(overflow_on_a_spare) {
  weft::run(weft::options{.workers = 1}, [] {
    weft::go({.name = "deep"}, [] { descend(k_too_deep); });
    while (g_nowhere != 0) {  // for ever
    }
  });
  return 0;
}

ACCIDENT(overflow_of_the_default_stack) {
  weft::run([] { weft::spawn([] { descend(k_too_deep); }).join(); });
  return 0;
}

ACCIDENT(overflow_of_the_main_fiber) {
  weft::run([] { descend(k_too_deep); });
  return 0;
}

ACCIDENT(overflow_of_the_smallest_stack) {
  weft::run(weft::options{.stack_size = 16 << 10}, [] { weft::spawn([] { descend(k_too_deep); }).join(); });
  return 0;
}

ACCIDENT(overflow_in_blocking) {
  weft::run([] { weft::spawn({.name = "asks"}, [] { weft::blocking([] { return descend(k_too_deep); }); }).join(); });
  return 0;
}

// The second call of a thread, by another fiber than the first.
ACCIDENT(overflow_in_blocking_by_the_next_caller) {
  weft::run([] {
    weft::spawn({.name = "first"}, [] { weft::blocking([] {}); }).join();
    weft::spawn({.name = "second"}, [] { weft::blocking([] { return descend(k_too_deep); }); }).join();
  });
  return 0;
}

void descend_in_a_handler(int) { descend(k_too_deep); }

void raise_into_a_deep_handler() {
  struct sigaction action {};
  action.sa_handler = &descend_in_a_handler;
  action.sa_flags = SA_ONSTACK;
  ::sigaction(SIGUSR1, &action, nullptr);
  std::raise(SIGUSR1);
}

ACCIDENT(overflow_of_a_handler_on_a_worker) {
  weft::run([] { weft::spawn({.name = "hit"}, &raise_into_a_deep_handler).join(); });
  return 0;
}

ACCIDENT(overflow_of_a_handler_in_blocking) {
  weft::run([] { weft::blocking(&raise_into_a_deep_handler); });
  return 0;
}

ACCIDENT(fault_in_blocking) {
  weft::run([] { weft::blocking(&fault); });
  return 0;
}

ACCIDENT(overflow_of_a_fiber_spawned_with_arguments) {
  weft::run([] { weft::spawn(descend, k_too_deep).join(); });
  return 0;
}

ACCIDENT(overflow_after_migrations) {
  weft::run(weft::options{.workers = 4}, [] {
    for (int i = 0; i < 8; ++i) weft::go([] { weft::this_fiber::sleep_for(1h); });
    weft::spawn({.name = "hops"}, [] {
      for (int i = 0; i < 100; ++i) weft::this_fiber::sleep_for(10us);
      descend(k_too_deep);
    }).join();
  });
  return 0;
}

ACCIDENT(overflow_in_a_program_with_a_handler) {
  std::signal(SIGSEGV, &handle);
  weft::run([] { descend(k_too_deep); });
  return 0;
}

ACCIDENT(fault_in_a_fiber) {
  weft::run([] { fault(); });
  return 0;
}

ACCIDENT(fault_in_a_plain_thread) {
  weft::run([] {});
  std::thread(&fault).join();
  return 0;
}

ACCIDENT(fault_in_a_fiber_of_a_program_with_a_handler) {
  std::signal(SIGSEGV, &handle);
  weft::run([] { fault(); });
  return 0;
}

ACCIDENT(fault_in_a_plain_thread_of_a_program_with_a_handler) {
  std::signal(SIGSEGV, &handle);
  weft::run([] {});
  std::thread(&fault).join();
  return 0;
}

ACCIDENT(a_handler_that_mends_what_faulted) {
  handle_with(&open_barrier);
  g_barrier = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  weft::run([] {
    for (int i = 0; i < 3; ++i) {
      ::mprotect(g_barrier, 4096, PROT_NONE);
      *static_cast<volatile int*>(g_barrier) = i;
    }
  });
  return g_barriers_met == 3 ? 0 : 1;
}

ACCIDENT(a_fault_signal_that_was_sent) {
  weft::run([] { std::raise(SIGBUS); });
  return 0;
}

ACCIDENT(a_fault_signal_that_was_sent_and_is_ignored) {
  std::signal(SIGSEGV, SIG_IGN);
  weft::run([] { std::raise(SIGSEGV); });
  return 0;
}

}  // namespace
