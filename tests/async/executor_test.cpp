// Room: tests of async. weft::executor: what Asio executes is run by fibers.

#include <weft/asio.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <async/io_threads.hpp>
#include <support/counted.hpp>
#include <support/fiber_test.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/sync/event.hpp>
#include <weft/sync/wait_group.hpp>
#include <weft/weft.hpp>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using weft::testing::counted;
using weft::testing::io_threads;

static_assert(asio::execution::is_executor<weft::executor>::value);
static_assert(std::is_constructible_v<asio::any_io_executor, weft::executor>);
static_assert(asio::can_require<weft::executor, asio::execution::blocking_t::never_t>::value);
static_assert(asio::can_prefer<weft::executor, asio::execution::outstanding_work_t::tracked_t>::value);
static_assert(asio::can_query<weft::executor, asio::execution::context_t>::value);

// Asio's own thread for I/O objects is there before the first case counts descriptors.
[[maybe_unused]] const bool k_is_warm = [] {
  weft::run({.workers = 1}, [] { asio::steady_timer(weft::executor(), 1ms).async_wait(weft::use_fiber); });
  return true;
}();

}  // namespace

FIBER_TEST(executor, what_is_posted_is_a_fiber_that_may_park) {
  const weft::executor ex;
  weft::channel<int> numbers;
  asio::post(ex, [numbers] { numbers.send(1); });
  EXPECT_EQ(numbers.recv(), 1);
  const asio::any_io_executor any = ex;
  asio::defer(any, [numbers] { numbers.send(2); });
  EXPECT_EQ(numbers.recv(), 2);
  asio::post(any, [numbers, value = std::make_unique<int>(3)] { numbers.send(*value); });
  EXPECT_EQ(numbers.recv(), 3);
}

FIBER_TEST(executor, dispatch_calls_in_place_and_post_does_not) {
  const weft::executor ex;
  const weft::fiber_id mine = weft::this_fiber::get_id();
  weft::fiber_id there;
  asio::dispatch(ex, [&there] { there = weft::this_fiber::get_id(); });
  EXPECT_EQ(there, mine);
  weft::promise<weft::fiber_id> elsewhere;
  asio::post(ex, [&elsewhere] { elsewhere.set_value(weft::this_fiber::get_id()); });
  EXPECT_NE(elsewhere.get_future().get(), mine);
  const auto never = asio::require(ex, asio::execution::blocking.never);
  EXPECT_EQ(asio::query(never, asio::execution::blocking), asio::execution::blocking.never);
  EXPECT_EQ(asio::query(ex, asio::execution::blocking), asio::execution::blocking.possibly);
  EXPECT_NE(never, ex);
  EXPECT_EQ(asio::require(never, asio::execution::blocking.possibly), ex);
  EXPECT_EQ(ex, weft::executor());
  EXPECT_EQ(asio::query(ex, asio::execution::outstanding_work), asio::execution::outstanding_work.untracked);
  EXPECT_EQ(&asio::query(ex, asio::execution::context), &ex.context());
}

FIBER_TEST(executor, handlers_of_an_io_context_are_brought_to_it) {
  io_threads threads(2);
  const weft::executor ex;
  weft::wait_group all;
  std::atomic<int> on_fibers{0};
  for (int i = 0; i < 100; ++i) {
    all.add(1);
    asio::post(threads.io, asio::bind_executor(ex, [&] {
                 if (weft::this_fiber::get_id() != weft::fiber_id()) ++on_fibers;
                 weft::this_fiber::yield();
                 all.done();
               }));
  }
  all.wait();
  EXPECT_EQ(on_fibers, 100);
}

FIBER_TEST(executor, a_strand_keeps_order_and_lets_one_in_at_a_time) {
  io_threads threads(1);
  const auto strand = asio::make_strand(weft::executor());
  std::vector<int> order;  // no lock: the strand is one
  std::atomic<int> inside{0};
  std::atomic<int> met{0};
  weft::event over;
  constexpr int k_many = 300;
  for (int i = 0; i < k_many; ++i)
    asio::post(strand, [&, i] {
      if (++inside != 1) ++met;
      order.push_back(i);
      --inside;
      if (i + 1 == k_many) over.set();
    });
  over.wait();
  EXPECT_EQ(met, 0);
  ASSERT_EQ(order.size(), static_cast<std::size_t>(k_many));
  for (int i = 0; i < k_many; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  // From fibers and from a thread at once: still one at a time.
  int count = 0;
  weft::wait_group all;
  all.add(3 * 50);
  const auto add = [&] {
    for (int i = 0; i < 50; ++i) asio::post(strand, [&] { ++count, all.done(); });
  };
  weft::go(add);
  weft::go(add);
  asio::post(threads.io, add);
  all.wait();
  EXPECT_EQ(count, 150);
}

FIBER_TEST(executor, objects_of_asio_work_on_it) {
  asio::steady_timer timer(weft::executor(), 1ms);
  timer.async_wait(weft::use_fiber);
  timer.expires_after(1ms);
  weft::event over;
  timer.async_wait([&over](boost::system::error_code) { over.set(); });
  over.wait();
}

TEST(executor, on_a_plain_thread_it_needs_a_runtime) {
  EXPECT_THROW(weft::executor(), std::logic_error);
  weft::runtime rt({.workers = 2});
  const weft::executor ex(rt);
  std::atomic<int> ran{0};
  for (int i = 0; i < 20; ++i) asio::post(ex, [&ran] { ++ran; });
  rt.run([&ran] { weft::testing::wait_until([&ran] { return ran == 20; }); });
  rt.run([&ex] { EXPECT_EQ(weft::executor(), ex); });
}

TEST(executor, outlives_its_runtime_and_then_destroys_what_it_is_given) {
  std::optional<weft::executor> ex;
  std::atomic<int> alive{0};
  std::atomic<bool> ran{false};
  weft::run({.workers = 1}, [&] { ex.emplace(); });
  asio::post(*ex, [&ran, here = counted(alive)] { ran = true; });
  EXPECT_EQ(alive, 0);
  // The next one, maybe at the same place, is another.
  weft::run({.workers = 1}, [&] {
    EXPECT_NE(weft::executor(), *ex);
    asio::post(*ex, [&ran, here = counted(alive)] { ran = true; });
  });
  EXPECT_EQ(alive, 0);
  EXPECT_FALSE(ran);
}

TEST(executor, executing_from_outside_races_the_end_of_the_runtime) {
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> alive{0};
    std::atomic<bool> is_enough{false};
    std::thread outside;
    weft::run({.workers = 2}, [&] {
      outside = std::thread([&, ex = weft::executor()] {
        for (int i = 0; i < 2000 && !is_enough; ++i) asio::post(ex, [here = counted(alive)] {});
      });
      weft::this_fiber::sleep_for(500us);
    });
    is_enough = true;
    outside.join();
    EXPECT_EQ(alive, 0);
  }
}
