// Room: tests. The end of a runtime ends every wait: one fiber in each public wait of every room, for what never comes,
// where the thread that ends it holds the locks. All of them unwind, by weft::cancelled. An accident, because nobody
// else may be there who could let go of a lock: with a test's watchdog beside, it takes five seconds more.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <support/accident.hpp>
#include <support/wait_until.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;

void sleep_on() { weft::this_fiber::sleep_for(1000h); }

// What is never given, and what the plain thread holds.
struct nothing_comes {
  weft::channel<int> values;
  weft::wait_group group;
  weft::latch latch{100};
  weft::barrier<> barrier{100};
  weft::event event;
  weft::counting_semaphore<> permits{0};
  weft::mutex m, relocked;
  weft::condition_variable cv, notified;
  weft::condition_variable_any any;
  std::stop_source stop;
  weft::promise<int> promise;
  weft::shared_future<int> future = promise.get_future().share();
  weft::once_flag once;
  weft::singleflight<int, int> flights;
  std::pair<weft::net::pipe_stream, weft::net::pipe_stream> pipe = weft::net::pipe();

  weft::mutex held;
  weft::timed_mutex held_timed;
  weft::recursive_mutex held_recursive;
  weft::shared_mutex held_to_write, held_to_read;

  nothing_comes() { group.add(1); }
};

struct wait_of_fiber {
  const char* name;
  void (*wait)(nothing_comes&);
};

void read_for_ever(weft::net::tcp_stream& stream) {
  char byte[1];
  (void)stream.read_some(byte);
}

const std::vector<wait_of_fiber> k_simple_waits = {
    {"sleep", [](nothing_comes&) { sleep_on(); }},
    {"yield",
     [](nothing_comes&) {
       for (;;) weft::this_fiber::yield();
     }},
    {"join", [](nothing_comes&) { weft::spawn(sleep_on).join(); }},
    {"thread's join",
     [](nothing_comes&) {
       weft::jthread t([] { sleep_on(); });
       t.join();  // the end of the other is an answer, too, if it comes first
       sleep_on();
     }},
    {"group's wait",
     [](nothing_comes&) {
       weft::task_group group;
       group.go(sleep_on);
       group.wait();
     }},
    {"group at its limit",
     [](nothing_comes&) {
       weft::task_group group;
       group.set_limit(1);
       group.go(sleep_on);
       group.go(sleep_on);  // the end of the first one is an answer, too, if it comes first
       sleep_on();
     }},
    {"limit of a scope", [](nothing_comes&) { weft::with_timeout(1000h, sleep_on); }},
    {"async", [](nothing_comes&) { weft::async(sleep_on).get(); }},
    {"ticker",
     [](nothing_comes&) {
       const weft::ticker ticks(1000h);
       (void)ticks.ticks().recv();
     }},
    {"signals", [](nothing_comes&) { (void)weft::signals({SIGUSR2}).recv(); }},
    {"singleflight",
     [](nothing_comes& n) {
       (void)n.flights.run(1, [] {
         sleep_on();
         return 1;
       });
     }},
};

const std::vector<wait_of_fiber> k_waits_of_sync = {
    {"receive", [](nothing_comes&) { (void)weft::channel<int>().recv(); }},
    {"send", [](nothing_comes&) { weft::channel<int>().send(1); }},
    {"receive for a time",
     [](nothing_comes&) {
       int v = 0;
       (void)weft::channel<int>().recv_for(v, 1000h);
     }},
    {"select", [](nothing_comes& n) { weft::select(weft::recv(n.values, [](auto) {}), weft::after(1000h, [] {})); }},
    {"wait group", [](nothing_comes& n) { n.group.wait(); }},
    {"latch", [](nothing_comes& n) { n.latch.wait(); }},
    {"latch, arriving", [](nothing_comes& n) { n.latch.arrive_and_wait(); }},
    {"barrier", [](nothing_comes& n) { n.barrier.arrive_and_wait(); }},
    {"barrier, another", [](nothing_comes& n) { n.barrier.arrive_and_wait(); }},
    {"event", [](nothing_comes& n) { n.event.wait(); }},
    {"semaphore", [](nothing_comes& n) { n.permits.acquire(); }},
    {"condition variable",
     [](nothing_comes& n) {
       std::unique_lock lock(n.m);
       n.cv.wait(lock, [] { return false; });
     }},
    {"condition_variable_any",
     [](nothing_comes& n) {
       std::unique_lock lock(n.m);
       n.any.wait(lock, [] { return false; });
     }},
    {"condition_variable_any with a token",
     [](nothing_comes& n) {
       std::unique_lock lock(n.m);
       (void)n.any.wait(lock, n.stop.get_token(), [] { return false; });
     }},
    {"future", [](nothing_comes& n) { (void)n.future.get(); }},
};

const std::vector<wait_of_fiber> k_waits_for_locks = {
    {"mutex", [](nothing_comes& n) { n.held.lock(); }},
    {"timed mutex", [](nothing_comes& n) { (void)n.held_timed.try_lock_for(1000h); }},
    {"recursive mutex", [](nothing_comes& n) { n.held_recursive.lock(); }},
    {"shared mutex, to write", [](nothing_comes& n) { n.held_to_write.lock(); }},
    {"shared mutex, to read", [](nothing_comes& n) { n.held_to_write.lock_shared(); }},
    {"shared mutex, behind readers", [](nothing_comes& n) { n.held_to_read.lock(); }},
    {"call_once", [](nothing_comes& n) { weft::call_once(n.once, [&] { n.held.lock(); }); }},
    {"call_once, another", [](nothing_comes& n) { weft::call_once(n.once, [&] { n.held.lock(); }); }},
    {"lock again after a notification",
     [](nothing_comes& n) {
       std::unique_lock lock(n.relocked);
       n.notified.wait(lock);
     }},
    {"a handle's destructor",
     [](nothing_comes& n) {
       const auto stuck = weft::spawn([&] { n.held.lock(); });
       sleep_on();
     }},
};

const std::vector<wait_of_fiber> k_waits_of_netpoll = {
    {"accept", [](nothing_comes&) { (void)weft::net::listen("127.0.0.1:0").accept(); }},
    {"read",
     [](nothing_comes&) {
       auto listener = weft::net::listen("127.0.0.1:0");
       auto stream = weft::net::dial(listener.local_address());
       read_for_ever(stream);
     }},
    {"write",
     [](nothing_comes&) {
       auto listener = weft::net::listen("127.0.0.1:0");
       auto stream = weft::net::dial(listener.local_address());
       for (const std::string much(1 << 20, 'x');;) stream.write_all(much);
     }},
    {"pipe, reading",
     [](nothing_comes& n) {
       char byte[1];
       (void)n.pipe.first.read_some(byte);
     }},
    {"pipe, writing",
     [](nothing_comes& n) {
       for (const std::string much(1 << 20, 'x');;) n.pipe.first.write_all(much);
     }},
};

std::vector<wait_of_fiber> all_waits() {
  std::vector<wait_of_fiber> all;
  for (const auto* some : {&k_simple_waits, &k_waits_of_sync, &k_waits_for_locks, &k_waits_of_netpoll})
    all.insert(all.end(), some->begin(), some->end());
  return all;
}

bool all_are_parked(std::size_t fibers) {
  const weft::process_snapshot now = weft::snapshot();
  const auto parked = [](const weft::fiber_info& fiber) {
    return fiber.state == weft::fiber_state::parked || fiber.name == "yield";
  };
  return now.fibers.size() >= fibers && std::all_of(now.fibers.begin(), now.fibers.end(), parked);
}

void start(weft::runtime& rt, nothing_comes& nothing, const wait_of_fiber& each, std::atomic<bool>& cancelled) {
  rt.go({.name = each.name}, [&nothing, wait = each.wait, &cancelled] {
    try {
      wait(nothing);
    } catch (const weft::cancelled&) {
      cancelled = true;
      throw;
    }
  });
}

// True if all were cancelled; the others are named.
bool end_all_waits(std::size_t workers) {
  const std::vector<wait_of_fiber> waits = all_waits();
  std::vector<std::atomic<bool>> cancelled(waits.size());
  weft::runtime rt({.workers = workers});
  nothing_comes nothing;
  const std::scoped_lock locks(nothing.held, nothing.held_timed, nothing.held_recursive, nothing.held_to_write);
  const std::shared_lock reads(nothing.held_to_read);
  for (std::size_t i = 0; i < waits.size(); ++i) start(rt, nothing, waits[i], cancelled[i]);
  weft::testing::wait_until([&] { return all_are_parked(waits.size()); });
  const std::scoped_lock relocked(nothing.relocked);
  nothing.notified.notify_all();
  rt.stop();
  bool all = true;
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if (!cancelled[i]) std::fprintf(stderr, "not cancelled: %s\n", waits[i].name);
    all = all && cancelled[i];
  }
  return all;
}

ACCIDENT(end_of_every_wait) { return end_all_waits(1) && end_all_waits(4) ? 0 : 1; }

}  // namespace
