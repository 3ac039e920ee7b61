// Room: tests. Processes whose fibers are all asleep: for ever, or only for the moment.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <thread>

#include <unistd.h>

#include <support/accident.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/deadlock.hpp>
#include <weft/runtime/exclusive_thread.hpp>
#include <weft/runtime/park.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "deadlock_watch.hpp"
#include "own_threads.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weft::detail;
using weft::testing::deadlock_looks;

void wait_for_ever(cancellation mode = cancellation::honoured) {
  if (park(arm(mode), weft::deadline::never(), "what never comes") == wake_reason::cancelled) throw_cancelled();
}

// A wait that somebody else may end.
struct parcel {
  wait_token token;
  std::atomic<bool> is_armed{false};

  void receive() {
    token = arm(cancellation::honoured);
    is_armed = true;
    if (park(token, weft::deadline::never(), "a parcel") == wake_reason::cancelled) throw_cancelled();
  }
  void deliver() {
    while (!is_armed) std::this_thread::yield();
    unpark(claim(token, wake_reason::ready));
  }
};

// A thread that blocks elsewhere until the deadlock watch has looked twice.
void wait_for_looks_outside() {
  for (const auto before = deadlock_looks(); deadlock_looks() < before + 2;) std::this_thread::sleep_for(1ms);
}

// --- All asleep for ever.

ACCIDENT(deadlock_of_main) {
  std::printf("said before\n");  // into a pipe: it stands in the buffer until the end flushes it
  weft::run([] { wait_for_ever(); });
  return 0;
}

ACCIDENT(deadlock_of_many) {
  weft::run(weft::options{.workers = 4}, [] {
    for (int i = 0; i < 5; ++i) weft::go({.name = "one of five"}, [] { wait_for_ever(cancellation::ignored); });
    weft::this_fiber::sleep_for(10ms);
    weft::blocking([] {});  // its helper thread stays
    weft::spawn([] { wait_for_ever(); }).join();
  });
  return 0;
}

// The last to fall asleep has computed for so long that its worker was counted out, and the monitor sleeps already.
ACCIDENT(deadlock_after_a_long_computation) {
  weft::run(weft::options{.workers = 1}, [] {
    std::atomic<bool> others_sleep{false};
    const auto last = weft::spawn([&] {
      while (!others_sleep) {
      }
      for (const auto end = std::chrono::steady_clock::now() + 100ms; std::chrono::steady_clock::now() < end;) {
      }
      wait_for_ever();
    });
    weft::this_fiber::sleep_for(1ms);  // woken by the spare
    others_sleep = true;
    wait_for_ever();
  });
  return 0;
}

// All workers sleep, and so does the monitor, while a fiber runs without a seat; its parking is the last that happens.
ACCIDENT(deadlock_of_one_without_a_seat) {
  weft::run(weft::options{.workers = 1}, [] {
    const weft::pin_guard pin;
    std::atomic<bool> has_another_run{false};
    weft::go([&] { has_another_run = true; });
    while (!has_another_run) {
    }
    weft::this_fiber::yield();
    for (const auto before = deadlock_looks(); deadlock_looks() == before;) {
    }
    wait_for_ever();
  });
  return 0;
}

ACCIDENT(deadlock_of_two_runtimes) {
  weft::runtime other;
  other.go([] { wait_for_ever(); });
  weft::run([] { wait_for_ever(); });
  return 0;
}

ACCIDENT(deadlock_once_a_plain_thread_has_ended) {
  std::thread t;
  weft::run([&] {
    t = std::thread([] { wait_for_looks_outside(); });
    t.detach();
    wait_for_ever();
  });
  return 0;
}

// All workers and the monitor sleep when it parks.
ACCIDENT(deadlock_with_a_fiber_that_has_its_own_thread) {
  weft::run([&] {
    weft::go([] {
      const weft::exclusive_thread here;
      for (const auto before = deadlock_looks(); deadlock_looks() == before;) std::this_thread::sleep_for(1ms);
      wait_for_ever();
    });
    wait_for_ever();
  });
  return 0;
}

// A thread outside of run that waits for fibers, too.
ACCIDENT(deadlock_with_a_plain_thread_in_it) {
  weft::run([&] {
    std::thread([] { wait_for_ever(); }).detach();
    wait_for_ever();
  });
  return 0;
}

// --- ... where the process outlives it.

int what_run_throws(const weft::options& options, cancellation mode) {
  bool is_unwound = false;
  try {
    weft::run(options, [&] {
      struct on_exit {
        bool& flag;
        ~on_exit() { flag = true; }
      } const guard{is_unwound};
      weft::go({.name = "bystander"}, [] { wait_for_ever(); });
      wait_for_ever(mode);
    });
  } catch (const weft::deadlock& e) {
    std::fprintf(stderr, "caught: %s\n", e.what());
    return is_unwound ? 42 : 1;
  }
  return 2;
}

ACCIDENT(deadlock_that_throws) { return what_run_throws({.throw_on_deadlock = true}, cancellation::honoured); }

ACCIDENT(deadlock_that_throws_again) {
  weft::runtime rt({.workers = 2, .throw_on_deadlock = true});
  for (int i = 0; i < 3; ++i) {
    try {
      rt.run([] { wait_for_ever(); });
      return 1;
    } catch (const weft::deadlock&) {
    }
  }
  return rt.run([] { return 42; });
}

ACCIDENT(deadlock_that_cannot_be_unwound) {
  return what_run_throws({.throw_on_deadlock = true}, cancellation::ignored);
}

// --- Asleep for the moment: 42 if they were left alone.

ACCIDENT(asleep_with_a_deadline) {
  return weft::run([] {
    while (deadlock_looks() < 2) weft::this_fiber::sleep_for(50ms);
    return 42;
  });
}

ACCIDENT(asleep_beside_one_with_a_deadline) {
  return weft::run([] {
    parcel p;
    weft::go([&] {
      while (deadlock_looks() < 2) weft::this_fiber::sleep_for(50ms);
      p.deliver();
    });
    p.receive();
    return 42;
  });
}

ACCIDENT(asleep_while_a_plain_thread_lives) {
  parcel p;
  std::thread t([&] {
    wait_for_looks_outside();
    p.deliver();
  });
  const int status = weft::run([&] {
    p.receive();
    return 42;
  });
  t.join();
  return status;
}

// It waits in weft, like the fibers; but not for ever.
ACCIDENT(asleep_while_a_plain_thread_waits_with_a_deadline) {
  parcel p;
  std::thread t([&] {
    while (deadlock_looks() < 2) weft::this_fiber::sleep_for(1ms);
    (void)park(arm(cancellation::ignored), weft::deadline::after(now(), 50ms), "a while");
    p.deliver();
  });
  const int status = weft::run([&] {
    p.receive();
    return 42;
  });
  t.join();
  return status;
}

ACCIDENT(asleep_while_one_is_in_a_blocking_call) {
  return weft::run([] {
    parcel p;
    weft::go([&] {
      weft::blocking([] {
        for (const auto before = deadlock_looks(); deadlock_looks() == before;) std::this_thread::sleep_for(1ms);
      });
      p.deliver();
    });
    p.receive();
    return 42;
  });
}

ACCIDENT(asleep_while_another_runtime_is_not) {
  parcel p;
  weft::runtime other;
  other.go([&] {
    while (deadlock_looks() < 3) weft::this_fiber::sleep_for(50ms);
    p.deliver();
  });
  return weft::run([&] {
    p.receive();
    return 42;
  });
}

ACCIDENT(asleep_without_a_fiber) {
  const weft::runtime idle;
  while (deadlock_looks() == 0) std::this_thread::sleep_for(1ms);
  return 42;
}

// Looks without a pause, from a thread that counts as one of ours: chance hits the moment that a wrong verdict needs.
class constant_looks {
 public:
  ~constant_looks() {
    is_over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> is_over_{false};
  std::thread thread_{[this] {
    const own_thread counted;
    while (!is_over_) (void)deadlock_watch().look();
  }};
};

// Hand-overs between two runtimes, fibers that are born and end, cancellations, blocking calls and short sleeps: never
// is there a moment without hope.
void hand_over_in_turns(weft::runtime& other, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    parcel there;
    parcel back;
    other.go([&, round] {
      there.receive();
      if (round % 8 == 0) weft::this_fiber::sleep_for(100us);
      if (round % 16 == 1) weft::blocking([] { std::this_thread::sleep_for(100us); });
      back.deliver();
    });
    there.deliver();
    back.receive();
    auto cancelled_soon = weft::spawn([] { wait_for_ever(); });
    weft::this_fiber::yield();
    cancelled_soon.request_stop();
    try {
      cancelled_soon.join();
    } catch (const std::system_error&) {
    }
  }
}

ACCIDENT(asleep_in_turns) {
  weft::runtime other(weft::options{.workers = 2});
  return weft::run(weft::options{.workers = 2}, [&] {
    const constant_looks looks;
    hand_over_in_turns(other, 2000);
    return 42;
  });
}

// A plain thread in the chain, which is asleep in weft like the fibers while it waits.
ACCIDENT(asleep_in_turns_with_a_plain_thread) {
  weft::runtime other(weft::options{.workers = 1});
  constexpr int k_rounds = 2000;
  static parcel there[k_rounds];
  static parcel back[k_rounds];
  std::thread t([] {
    for (int i = 0; i < k_rounds; ++i) {
      there[i].receive();
      back[i].deliver();
    }
  });
  const int status = weft::run(weft::options{.workers = 1}, [&] {
    const constant_looks looks;
    for (int i = 0; i < k_rounds; ++i) {
      there[i].deliver();
      back[i].receive();
    }
    return 42;
  });
  t.join();
  return status;
}

}  // namespace
