// Room: tests. A correct program in which fibers hand each other values in every way: a sanitizer or valgrind that says
// anything of it does not know fibers. As `sanitized race` and `sanitized overrun` it is wrong, which has to be found.
#include <weft/weft.hpp>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

static constexpr int k_fibers = 8;
static constexpr int k_rounds = 50;

template <class F>
static void together(F f) {
  weft::task_group group;
  for (int i = 0; i < k_fibers; ++i) group.go([&f, i] { f(i); });
  group.wait();
}

static void through_channels() {
  weft::channel<std::string> narrow(2), wide(64);
  std::size_t letters = 0;
  auto reader = weft::spawn([&] {
    for (int open = 2; open != 0;) {
      const auto take = [&](auto& from, const std::optional<std::string>& text) {
        if (text) letters += text->size();
        else from = nullptr, --open;
      };
      weft::select(weft::recv(narrow, [&](std::optional<std::string> s) { take(narrow, s); }),
                   weft::recv(wide, [&](std::optional<std::string> s) { take(wide, s); }));
    }
  });
  const auto first = narrow, second = wide;
  together([&](int i) { for (int k = 0; k < k_rounds; ++k) (i % 2 ? first : second).send(std::string(40, 'a')); });
  first.close();
  second.close();
  reader.join();
  std::cout << "channels: " << letters << '\n';
}

static void under_locks() {
  weft::mutex m;
  weft::shared_mutex rw;
  weft::counting_semaphore<1> one(1);
  weft::condition_variable cv;
  weft::once_flag once;
  int by_mutex = 0, by_writer = 0, by_permit = 0, begun = 0, turn = 0;
  together([&](int i) {
    for (int k = 0; k < k_rounds; ++k) {
      { const std::scoped_lock lock(m); ++by_mutex; }
      { const std::unique_lock lock(rw); ++by_writer; }
      { const std::shared_lock lock(rw); if (by_writer == 0) std::abort(); }
      one.acquire();
      ++by_permit;
      one.release();
    }
    weft::call_once(once, [&] { ++begun; });
    if (begun != 1) std::abort();
    {
      std::unique_lock lock(m);
      cv.wait(lock, [&] { return turn == i; });
      ++turn;
    }
    cv.notify_all();
  });
  std::cout << "locks: " << by_mutex << ' ' << by_writer << ' ' << by_permit << ' ' << turn << '\n';
}

static void after_counts() {
  weft::barrier met(k_fibers);
  weft::latch in(k_fibers);
  weft::event told;
  weft::wait_group done;
  std::vector<int> written(k_fibers);
  int sum = 0, word = 0;
  for (int i = 0; i < k_fibers; ++i) {
    done.add(1);
    weft::go([&, i] {
      written[static_cast<std::size_t>(i)] = i;
      met.arrive_and_wait();
      if (i == 0) for (const int each : written) sum += each;
      in.count_down();
      told.wait();
      if (word != 1) std::abort();
      done.done();
    });
  }
  in.wait();
  word = 1;
  told.set();
  done.wait();
  std::cout << "counts: " << sum << '\n';
}

static void as_outcomes() {
  std::vector<weft::join_handle<int>> squares;
  for (int i = 0; i < k_fibers; ++i) squares.push_back(weft::spawn([i] { return i * i; }));
  int sum = 0;
  for (auto& square : squares) sum += square.join();
  weft::promise<std::string> kept;
  auto future = kept.get_future();
  weft::thread keeper([&] { kept.set_value("kept"); });
  auto later = weft::async([] { return std::string("later"); });
  const int blocked = weft::blocking([] { return 5; });
  std::cout << "outcomes: " << sum << ' ' << future.get() << ' ' << later.get() << ' ' << blocked << '\n';
  keeper.join();
}

static int deep(int levels) {
  volatile char room[300] = {};
  room[levels] = 1;
  if (levels == 0) throw std::runtime_error("deep");
  return deep(levels - 1) + room[levels];
}

static void by_exceptions() {
  weft::mutex m;
  int caught = 0;
  together([&](int i) {
    try {
      deep(i * 10);
    } catch (const std::runtime_error&) {
      weft::this_fiber::yield();
      const std::scoped_lock lock(m);
      ++caught;
    }
  });
  auto thrown = weft::spawn([] { return deep(5); });
  try {
    thrown.join();
  } catch (const std::runtime_error&) {
    ++caught;
  }
  { const auto cancelled = weft::spawn([] { weft::this_fiber::sleep_for(1h); }); }
  std::cout << "exceptions: " << caught << '\n';
}

static void over_sockets() {
  auto listener = weft::net::listen("127.0.0.1:0");
  auto server = weft::spawn([&] {
    auto conn = listener.accept();
    char buf[64];
    while (const auto n = conn.read_some(buf)) conn.write_all(std::span(buf, n));
  });
  auto conn = weft::net::dial(listener.local_address());
  conn.write_all("ping");
  char back[4];
  conn.read_exactly(back);
  conn.shutdown_write();
  server.join();
  std::cout << "sockets: " << std::string_view(back, 4) << '\n';
}

[[gnu::noinline]] static int number_in(const std::string& text) { return std::stoi(text); }

// errno, which std::stoi has to do with, is a thread's, and no race among its fibers.
static void by_errno() {
  std::vector<int> read(k_fibers);
  together([&](int i) {
    for (int k = 0; k < k_rounds; ++k) {
      read[static_cast<std::size_t>(i)] += number_in(std::to_string(i));
      weft::this_fiber::yield();
    }
  });
  int sum = 0;
  for (const int each : read) sum += each;
  std::cout << "numbers: " << sum << '\n';
}

static void race() {
  int shared = 0;
  together([&](int) { for (int k = 0; k < k_rounds; ++k) { ++shared; weft::this_fiber::yield(); } });
}

static void overrun() {
  together([](int i) {
    volatile char room[8] = {};
    weft::this_fiber::yield();
    room[i + 4] = 1;
  });
}

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  weft::run({.workers = 4}, [&] {
    if (what == "race") return race();
    if (what == "overrun") return overrun();
    through_channels();
    under_locks();
    after_counts();
    as_outcomes();
    by_exceptions();
    over_sockets();
    by_errno();
  });
}
