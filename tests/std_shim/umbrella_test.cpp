// What <weft/weft.hpp> alone must give: the programs of the README compile with it and nothing else, it brings no
// Boost, and the names of std that it re-exports work on weft's types.

#include <weft/weft.hpp>

#ifdef BOOST_VERSION
#error "the umbrella must not include Boost"
#endif

// Before any other header: what weft.hpp promises to bring itself.
[[maybe_unused]] constexpr std::size_t k_brought_along =
    sizeof(std::array<int, 1>) + sizeof(std::atomic<int>) + sizeof(std::chrono::seconds) + sizeof(std::uint8_t) +
    sizeof(std::function<void()>) + sizeof(std::unique_ptr<int>) + sizeof(std::mutex) + sizeof(std::optional<int>) +
    sizeof(std::span<int>) + sizeof(std::stop_token) + sizeof(std::string) + sizeof(std::error_code) +
    sizeof(std::vector<int>);

#include <sstream>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>

namespace {

TEST(umbrella, hello_prints_what_came_over_the_channel) {
  std::ostringstream out;
  weft::run([&] {
    weft::channel<int> ch;
    weft::go([ch] {
      for (int i = 0; i < 3; ++i) ch.send(i);
      ch.close();
    });
    for (int v : ch) out << v << '\n';
  });
  EXPECT_EQ(out.str(), "0\n1\n2\n");
}

// The echo server as it stands on the front page, but for its address and its end.
FIBER_TEST(umbrella, echo_answers_what_it_was_sent) {
  auto listener = weft::net::listen("127.0.0.1:0");
  const auto address = listener.local_address();
  weft::go([listener = std::move(listener)]() mutable {
    for (;;) {
      auto conn = listener.accept();
      weft::go([conn = std::move(conn)]() mutable {
        char buf[4096];
        std::error_code ec;
        while (auto n = conn.read_some(buf, ec)) {
          conn.write_all(std::span(buf, n), ec);
          if (ec) break;
        }
      });
    }
  });
  auto conn = weft::net::dial(address);
  std::string heard(5, '\0');
  conn.write_all("hello");
  conn.read_exactly(heard);
  EXPECT_EQ(heard, "hello");
}

FIBER_TEST(umbrella, locks_of_std_work_on_mutexes_of_weft_by_either_name) {
  weft::mutex a, b;
  {
    weft::scoped_lock both(a, b);
    EXPECT_FALSE(weft::spawn([&] { return weft::unique_lock(a, weft::try_to_lock).owns_lock(); }).join());
  }
  { weft::lock_guard one(a); }
  weft::lock(a, b);
  weft::unique_lock first(a, weft::adopt_lock), second(b, weft::adopt_lock);
  weft::condition_variable cv;
  EXPECT_EQ(cv.wait_for(first, std::chrono::microseconds(1)), weft::cv_status::timeout);
  weft::stop_source source;
  source.request_stop();
  EXPECT_TRUE(source.get_token().stop_requested());
}

// The lines by which std:: becomes weft::.
FIBER_TEST(umbrella, what_std_has_to_wait_for_is_here_by_the_same_names) {
  weft::counting_semaphore<8> slots{8};
  weft::binary_semaphore turn{1};
  weft::latch l{1};
  weft::barrier b{1};
  slots.acquire();
  turn.acquire();
  l.arrive_and_wait();
  b.arrive_and_wait();
  weft::jthread j([](weft::stop_token st) { EXPECT_FALSE(st.stop_requested()); });
  j.join();
  weft::future<int> f = weft::async([] { return 42; });
  EXPECT_NE(f.wait_for(std::chrono::hours(1)), weft::future_status::timeout);
  EXPECT_EQ(f.get(), 42);
  weft::future<int> g = weft::async(weft::launch::deferred, [] { return 42; });
  EXPECT_EQ(g.wait_for(std::chrono::seconds(0)), weft::future_status::deferred);
  try {
    weft::future<int>().wait();
    FAIL() << "no exception";
  } catch (const weft::future_error& error) {
    EXPECT_EQ(error.code(), weft::future_errc::no_state);
  }
  weft::packaged_task task([] { return 1; });
  weft::shared_future<int> s = task.get_future();
  task();
  EXPECT_EQ(s.get(), 1);
  EXPECT_FALSE(weft::stop_source(weft::nostopstate).stop_possible());
}

FIBER_TEST(umbrella, the_whole_family_of_locks_is_there) {
  weft::shared_mutex rw;
  weft::once_flag once;
  weft::recursive_mutex levels;
  weft::condition_variable_any cv;
  bool called = false;
  weft::call_once(once, [&] { called = true; });
  EXPECT_TRUE(called);
  weft::scoped_lock twice(levels), again(levels);
  weft::shared_lock reading(rw);
  EXPECT_FALSE(cv.wait_for(reading, weft::stop_token(), std::chrono::microseconds(1), [] { return false; }));
  weft::timed_mutex m;
  weft::shared_timed_mutex timed_rw;
  weft::recursive_timed_mutex timed_levels;
  weft::scoped_lock all(m, timed_rw, timed_levels);
  EXPECT_FALSE(weft::spawn([&] { return m.try_lock_for(std::chrono::microseconds(1)); }).join());
}

FIBER_TEST(umbrella, this_thread_is_the_calling_fiber) {
  EXPECT_EQ(weft::this_thread::get_id(), weft::this_fiber::get_id());
  weft::this_thread::yield();
  weft::this_thread::sleep_for(std::chrono::microseconds(1));
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
  weft::this_thread::sleep_until(until);
  EXPECT_GE(std::chrono::steady_clock::now(), until);
}

TEST(umbrella, this_thread_works_on_a_plain_thread) {
  EXPECT_EQ(weft::this_thread::get_id(), weft::thread::id());
  weft::this_thread::yield();
  const auto until = std::chrono::system_clock::now() + std::chrono::microseconds(100);
  weft::this_thread::sleep_until(until);
  EXPECT_GE(std::chrono::system_clock::now(), until);
}

// Whoever reads it looks for the name that stands in the program, and not for what it is made of.
template <class F>
void expect_refusal(const std::string& text, F call) {
  try {
    call();
    ADD_FAILURE() << text << ": no exception";
  } catch (const std::logic_error& refusal) {
    EXPECT_EQ(std::string(refusal.what()).substr(0, text.size()), text);
  }
}

TEST(umbrella, each_call_outside_a_runtime_is_refused_by_its_own_name) {
  expect_refusal("weft: go or spawn outside a runtime", [] { weft::go([] {}); });
  expect_refusal("weft: thread outside a runtime", [] { weft::thread t([] {}); });
  expect_refusal("weft: jthread outside a runtime", [] { weft::jthread t([] {}); });
  expect_refusal("weft: async outside a runtime", [] { static_cast<void>(weft::async([] {})); });
  expect_refusal("weft: ticker outside a runtime", [] { weft::ticker t(std::chrono::seconds(1)); });
  expect_refusal("weft: signals outside a runtime", [] { static_cast<void>(weft::signals({2})); });
  expect_refusal("weft: task_group outside a runtime", [] { weft::task_group group; });
  expect_refusal("weft: net::listen outside a runtime", [] { static_cast<void>(weft::net::listen(":0")); });
}

FIBER_TEST(umbrella, a_ticker_that_was_moved_from_is_no_channel) {
  weft::ticker from(std::chrono::hours(1));
  const weft::ticker to = std::move(from);
  expect_refusal("weft::ticker::stop: of a ticker", [&from] { from.stop(); });
}

}  // namespace
