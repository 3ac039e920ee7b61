// Room: tests. A process to which the system refuses memory, mappings and threads, here and there, by a seed: who asked
// is told so by an exception, everybody else goes on, and afterwards all is as it was. A process of its own, because
// what is refused is refused to whoever asks, gtest and its watchdog too.

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <support/accident.hpp>
#include <weft/netpoll/process.hpp>
#include <weft/weft.hpp>

namespace {

// --- Refusals.

constexpr std::uint32_t k_never = 0;
std::atomic<std::uint32_t> one_in{k_never};
std::atomic<std::uint64_t> drawn{0};
std::atomic<int> refused{0};

// The same for a seed, but for the order in which threads ask.
bool is_refused() noexcept {
  const std::uint32_t of = one_in.load(std::memory_order_relaxed);
  if (of == k_never) return false;
  std::uint64_t z = drawn.fetch_add(0x9e3779b97f4a7c15u, std::memory_order_relaxed);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  if ((z ^ (z >> 31)) % of != 0) return false;
  refused.fetch_add(1, std::memory_order_relaxed);
  return true;
}

// The n-th thing that this thread asks for is refused, and just then a fiber is asked to end.
thread_local int left_before_refusal = -1;
weft::join_handle<void>* asked_to_end = nullptr;
std::atomic<int> met{0};

// Not for the race detector: it takes the thread's variable for the fiber's.
__attribute__((noinline, no_sanitize("thread"))) bool is_next_refused() noexcept {
  if (left_before_refusal < 0 || left_before_refusal-- != 0) return false;
  ++met;
  asked_to_end->request_stop();
  return true;
}

// The n-th thing that anybody asks for is refused, once.
std::atomic<int> left_for_all{-1};

bool is_nth_refused() noexcept {
  return left_for_all.load(std::memory_order_relaxed) >= 0 && left_for_all.fetch_sub(1, std::memory_order_relaxed) == 0;
}

struct refusals {
  refusals(std::uint64_t seed, std::uint32_t rate) {
    drawn = seed;
    one_in = rate;
  }
  ~refusals() { one_in = k_never; }
};

}  // namespace

// Not inlined: g++ would see a free of what a new has made.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const memory =
      is_refused() || is_next_refused() || is_nth_refused() ? nullptr : std::malloc(size != 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // which have these names themselves
constexpr bool k_refuses_threads = false;
#else
constexpr bool k_refuses_threads = true;
extern "C" [[gnu::visibility("default")]] void* mmap(void* at, std::size_t size, int protection, int flags, int fd,
                                                     off_t offset) noexcept {
  if (is_refused()) return errno = ENOMEM, MAP_FAILED;
  return reinterpret_cast<void*>(::syscall(SYS_mmap, at, size, protection, flags, fd, offset));
}
extern "C" [[gnu::visibility("default")]] int pthread_create(pthread_t* to, const pthread_attr_t* how,
                                                             void* (*run)(void*), void* with) noexcept {
  static const auto of_libc = reinterpret_cast<decltype(&pthread_create)>(::dlsym(RTLD_NEXT, "pthread_create"));
  return is_refused() || is_next_refused() ? EAGAIN : of_libc(to, how, run, with);
}
#endif

namespace {

using namespace std::chrono_literals;

// Whether it was done; a refusal is told by nothing but these.
template <class F>
bool done(F f) {
  try {
    f();
    return true;
  } catch (const std::bad_alloc&) {
  } catch (const std::system_error&) {
  }
  return false;
}

// --- Work for all rooms. Each fiber keeps what it is told to itself.

void converse() {
  auto listener = weft::net::listen("127.0.0.1:0");
  auto server = weft::spawn([&] {
    return done([&] {
      auto conn = listener.accept();
      char bytes[5];
      conn.read_exactly(bytes);
      conn.write_all(bytes);
    });
  });
  auto conn = weft::net::dial(listener.local_address(), {.timeout = 10s});
  conn.write_all("hello");
  conn.set_read_deadline(std::chrono::steady_clock::now() + 10s);
  std::string got(5, ' ');
  std::error_code ec;
  conn.read_exactly(got, ec);
  if (!ec && got != "hello") std::abort();
  listener.close();
  server.join();
}

void pass_on() {
  weft::channel<int> ch(2);
  auto sender = weft::spawn([ch] {
    for (int i = 0; i < 20; ++i) ch.send(i);
    ch.close();
  });
  int next = 0;
  while (const auto got = ch.recv())
    if (*got != next++) std::abort();
  if (next != 20) std::abort();
  sender.join();
}

void gather() {
  weft::task_group group;
  std::atomic<int> ended{0};
  int begun = 0;
  for (int i = 0; i < 10; ++i) begun += done([&] { group.go([&] { ++ended; }); });
  group.wait();
  if (ended != begun) std::abort();
}

void block() {
  if (weft::blocking([] { return 7; }) != 7) std::abort();
  if (weft::async([] { return 8; }).get() != 8) std::abort();
  weft::pin_guard pinned;
  weft::this_fiber::sleep_for(10us);
}

// How much was done.
int work() {
  constexpr void (*k_all[])() = {converse, pass_on, gather, block};
  std::atomic<int> all_done{0};
  std::vector<weft::join_handle<void>> fibers;
  for (int i = 0; i < 24; ++i)
    done([&] {
      fibers.reserve(fibers.size() + 1);
      fibers.push_back(
          weft::spawn({.stack_size = std::size_t{64} << (i % 3) << 10}, [&, i] { all_done += done(k_all[i % 4]); }));
    });
  for (auto& each : fibers) each.join();
  return all_done;
}

// What a fiber heard whose lookup was refused something; then whether it is asked to end.
struct heard {
  bool found = false, refused = false, no_thread = false, cancelled = false;
  bool met = false;  // whoever had won a wait of its
};

void look_up_until_refused(int after, const std::atomic<bool>& may_begin, heard& to) {
  while (!may_begin) weft::this_fiber::yield();
  std::error_code ec;
  left_before_refusal = after;
  try {
    to.found = !weft::net::resolve("localhost", "80", ec).empty();
  } catch (const std::bad_alloc&) {
    to.refused = true;
  }
  left_before_refusal = -1;
  to.met = weft::testing::has_met_all_waits();
  to.no_thread = ec == std::errc::resource_unavailable_try_again;
  try {
    weft::this_fiber::yield();
  } catch (const weft::cancelled&) {
    to.cancelled = true;
    throw;
  }
}

// One thing after another that it asks for is refused, before there is a helper thread, until nothing is left; each
// twice, because what the first try has made for good the second does not ask for.
ACCIDENT(refused_lookup_meets_a_stop) {
  int refusals = 0, without_thread = 0;
  for (int tries = 0;; ++tries) {
    const int after = tries / 2;
    heard what;
    const int before = met;
    weft::run({.workers = 1}, [&] {
      std::atomic<bool> may_begin{false};
      weft::join_handle<void> asks = weft::spawn([&] { look_up_until_refused(after, may_begin, what); });
      asked_to_end = &asks;
      may_begin = true;
      try {
        asks.join();
      } catch (const std::system_error& ended) {  // by the request
        if (ended.code() != std::errc::operation_canceled) std::abort();
      }
    });
    refusals += what.refused;
    without_thread += what.no_thread;
    std::fprintf(stderr, "%d: met %d, found %d, refused %d, no thread %d, cancelled %d\n", after, met - before,
                 what.found, what.refused, what.no_thread, what.cancelled);
    if (met == before) {
      if (!what.found || what.cancelled) return 1;
      break;
    }
    if (!what.met) return 4;
    if (!what.cancelled || what.found || (!what.refused && !what.no_thread)) return 2;
  }
  return refusals >= 2 && (without_thread != 0) == k_refuses_threads ? 0 : 3;
}

// --- One thing after another is refused of something small; afterwards it is done as ever, and nothing is left of it.

void pass_a_signal() {
  auto pending = weft::signals({SIGUSR1, SIGUSR2});
  const auto others = weft::signals({SIGUSR1});
  ::raise(SIGUSR1);  // and not to any thread: ThreadSanitizer leaves a signal until that thread calls something
  if (others.recv() != SIGUSR1) std::abort();
}

void start_and_detach() {
  weft::net::process child({"true"});
  child.detach();
}

void look_around() {
  weft::join_handle<void> other = weft::spawn([] { weft::this_fiber::yield(); });
  if (weft::snapshot().fibers.empty()) std::abort();
  std::ostringstream all;
  weft::dump(all);
}

void tick() {
  const weft::ticker often(10us);
  often.ticks().recv();
}

// Whether every child is reaped in time, also those that were let go.
bool no_child_is_left() {
  siginfo_t about;
  for (int tries = 0; tries < 10'000; ++tries) {
    if (::waitid(P_ALL, 0, &about, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD) return true;
    weft::this_fiber::sleep_for(1ms);
  }
  return false;
}

// False: there was nothing left to refuse.
bool refused_at(int n, void (*f)()) {
  left_for_all = n;
  const bool was_done = done(f);
  const bool was_refused = left_for_all.exchange(-1) < 0;
  if (!was_done && !was_refused) std::abort();
  return was_refused;
}

ACCIDENT(each_refusal_in_turn) {
  return weft::run({.workers = 2}, [] {
    for (void (*const f)() : {pass_a_signal, start_and_detach, look_around, tick, converse, pass_on, gather, block}) {
      f();
      int n = 0;
      for (; n < 1000 && refused_at(n, f); ++n) f();
      std::fprintf(stderr, "%d refused\n", n);
      if (n == 1000) return 1;
    }
    return no_child_is_left() ? 0 : 2;
  });
}

ACCIDENT(refusals_by_seed) {
  const char* const given = std::getenv("WEFT_SEED");  // main.cpp's
  const std::uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  int in_spite = 0;
  for (std::uint64_t seed = first; seed < first + 40; ++seed) {
    std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed));
    const std::uint32_t rate = seed % 2 == 0 ? 10 : 50;
    if (seed % 4 == 0) {  // the runtime itself, too
      const refusals some(seed, rate);
      done([&] { in_spite += weft::run({.workers = 2}, work); });
    } else {
      weft::run({.workers = 2}, [&] {
        const refusals some(seed, rate);
        done([&] { in_spite += work(); });
      });
    }
    if (weft::run({.workers = 2}, work) != 24) return 1;  // nothing is left of it
  }
  std::fprintf(stderr, "%d refused, %d done in spite of it\n", refused.load(), in_spite);
  return refused > 50 && in_spite > 50 ? 0 : 2;
}

}  // namespace
