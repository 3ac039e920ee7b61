// Room: tests. See foreign_loop.hpp.

#include "foreign_loop.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <weft/weft.hpp>

namespace weft::testing {

namespace {

constexpr int k_clients = 8;
constexpr int k_rounds = 12;

template <class Predicate>
void yield_until(Predicate is_so) {
  while (!is_so()) weft::this_fiber::sleep_for(std::chrono::microseconds(100));
}

// How often an epoll descriptor was put into another one, which takes a lock of the whole kernel.
std::atomic<int> g_nested{0};

bool is_epoll(int fd) {
  char what[32];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), what, sizeof what);
  return size > 0 && std::string_view(what, static_cast<std::size_t>(size)) == "anon_inode:[eventpoll]";
}

// A loop in a fiber of its own, that is stopped as its object goes, or as the fiber is asked to end.
class running_loop {
 public:
  running_loop(const make_loop& make, seat_of_loop where)
      : fiber_(weft::spawn({.name = "loop", .stack_size = 1u << 20}, [this, make, where] {
          std::optional<weft::exclusive_thread> here;
          if (where == seat_of_loop::a_thread_of_its_own) here.emplace();
          auto loop = make();
          port_ = loop->begin();
          loop_ = loop.get();
          {
            // The wait of a loop is no place for a cancellation: its library takes every error but EINTR for a fault.
            const std::stop_callback stop_it(weft::this_fiber::stop_token(), [&loop] { loop->stop(); });
            const weft::shield_guard until_stopped;
            loop->run();
          }
          ended_ = true;
        })) {
    yield_until([this] { return loop_.load() != nullptr; });
  }
  ~running_loop() {
    if (!ended_) loop_.load()->stop();
    fiber_.join();
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] int ticks() const { return loop_.load()->ticks(); }
  [[nodiscard]] weft::fiber_id id() const { return fiber_.get_id(); }

 private:
  std::uint16_t port_ = 0;
  std::atomic<foreign_loop*> loop_{nullptr};
  std::atomic<bool> ended_{false};
  weft::join_handle<void> fiber_;
};

void talk(std::uint16_t port, int client) {
  auto conn = weft::net::dial("127.0.0.1:" + std::to_string(port));
  for (int round = 0; round < k_rounds; ++round) {
    const std::string said(static_cast<std::size_t>(1 + 97 * round), static_cast<char>('a' + client));
    conn.write_all(said);
    std::string heard(said.size(), '?');
    conn.read_exactly(heard);
    ASSERT_EQ(heard, said);
  }
}

void talk_side_by_side(std::uint16_t port) {
  weft::task_group clients;
  for (int i = 0; i < k_clients; ++i) clients.go([port, i] { talk(port, i); });
  clients.wait();
}

bool is_parked(weft::fiber_id id) {
  const auto seen = weft::snapshot();
  return std::any_of(seen.fibers.begin(), seen.fibers.end(), [&](const weft::fiber_info& fiber) {
    return fiber.id == id && fiber.state == weft::fiber_state::parked;
  });
}

// Else a loop with a thread of its own would be served as well, and nothing be tried.
void expect_the_interposer() {
  Dl_info found{};
  ASSERT_NE(::dladdr(::dlsym(RTLD_DEFAULT, "epoll_wait"), &found), 0);
  EXPECT_NE(std::string(found.dli_fname).find("weft_interpose"), std::string::npos) << found.dli_fname;
}

template <class F>
void at_each_number_of_workers(F body) {
  expect_the_interposer();
  for (const std::size_t workers : {1u, 2u, 4u}) {
    SCOPED_TRACE("at " + std::to_string(workers) + " workers");
    weft::run(weft::options{.workers = workers}, body);
  }
}

}  // namespace

void expect_to_serve_fibers(const make_loop& make, seat_of_loop where) {
  at_each_number_of_workers([&] {
    const int nested = g_nested;
    running_loop loop(make, where);
    talk_side_by_side(loop.port());
    const int ticks = loop.ticks();
    yield_until([&] { return loop.ticks() > ticks + 5; });
    if (where == seat_of_loop::any_worker) {
      yield_until([&] { return is_parked(loop.id()); });  // and does not block a worker, as it would without
    }
    talk_side_by_side(loop.port());
    // Once for all its waits: it was counted, or the loop has none (GLib's, Qt's).
    EXPECT_LE(g_nested - nested, 1);
    EXPECT_TRUE(g_nested != nested || where == seat_of_loop::a_thread_of_its_own);
  });
}

void expect_to_run_side_by_side(const make_loop& make, seat_of_loop where) {
  at_each_number_of_workers([&] {
    std::array<std::optional<running_loop>, 3> loops;
    for (auto& each : loops) each.emplace(make, where);
    weft::task_group all;
    for (auto& each : loops) all.go([port = each->port()] { talk_side_by_side(port); });
    all.wait();
    for (auto& each : loops) {
      const int ticks = each->ticks();
      yield_until([&] { return each->ticks() > ticks + 2; });
    }
    loops[1].reset();  // not in the order in which they began
    talk(loops[0]->port(), 0);
    loops[0].reset();
    talk(loops[2]->port(), 0);
  });
}

void expect_to_end_with_the_runtime(const make_loop& make, seat_of_loop where) {
  std::optional<running_loop> loop;
  weft::runtime rt(weft::options{.workers = 2});
  rt.run([&] {
    loop.emplace(make, where);
    talk(loop->port(), 0);
  });
  rt.stop();  // stops it by the stop_callback
  loop.reset();
}

}  // namespace weft::testing

// In front of libc's for the whole program, libweft among it.
extern "C" [[gnu::visibility("default")]] int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  if (operation == EPOLL_CTL_ADD && weft::testing::is_epoll(fd)) ++weft::testing::g_nested;
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}
