// A toolkit's main loop on a plain thread of its own, and the work on fibers: what goes to them goes by a channel, what
// comes back by a channel or as an event of the toolkit's. The loop never waits for a fiber, unless it wants to.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;

constexpr int k_clicks = 40;

// As toolkits have it: one thread runs the events, any thread may put one there (g_idle_add, QMetaObject::invokeMethod,
// PostMessage).
class toolkit {
 public:
  void post(std::function<void()> event) {
    const std::scoped_lock lock(mutex_);
    events_.push_back(std::move(event));
    has_some_.notify_one();
  }
  void run() {
    for (is_over_ = false; !is_over_;) take()();
  }
  void quit() {
    post([this] { is_over_ = true; });
  }

 private:
  std::function<void()> take() {
    std::unique_lock lock(mutex_);
    has_some_.wait(lock, [this] { return !events_.empty(); });
    auto event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  std::mutex mutex_;
  std::condition_variable has_some_;
  std::deque<std::function<void()>> events_;
  bool is_over_ = false;
};

int work(int n) {
  weft::this_fiber::sleep_for(std::chrono::microseconds(50 * (n % 7)));
  return n * n;
}

int expected_sum() {
  int sum = 0;
  for (int i = 0; i < k_clicks; ++i) sum += i * i;
  return sum;
}

class gui_thread : public ::testing::TestWithParam<std::size_t> {
 protected:
  weft::options options() const { return {.workers = GetParam()}; }
};

TEST_P(gui_thread, sends_to_fibers_and_is_answered_by_events) {
  toolkit gui;
  const auto its_thread = std::this_thread::get_id();
  weft::channel<int> clicks(k_clicks);
  std::vector<int> shown;
  weft::runtime rt(options());
  rt.go([&gui, &shown, its_thread, clicks] {
    for (const int n : clicks)
      weft::go([&gui, &shown, its_thread, n] {
        gui.post([&gui, &shown, its_thread, answer = work(n)] {
          EXPECT_EQ(std::this_thread::get_id(), its_thread);
          shown.push_back(answer);
          if (shown.size() == k_clicks) gui.quit();
        });
      });
  });
  for (int i = 0; i < k_clicks; ++i)
    gui.post([i, clicks] { EXPECT_EQ(clicks.try_send(i), weft::channel_status::ok); });  // never waits
  gui.run();
  clicks.close();  // the window is closed: the fiber's loop ends
  EXPECT_EQ(std::accumulate(shown.begin(), shown.end(), 0), expected_sum());
}

// One event for as many answers as there are: the fibers do not flood the toolkit's queue.
TEST_P(gui_thread, takes_in_what_a_channel_has_when_it_is_told_that_there_is_some) {
  toolkit gui;
  weft::channel<int> clicks(4), answers(k_clicks);
  std::atomic<bool> is_told{false};
  int sum = 0, count = 0, events = 0;
  const auto take_in = [&] {
    ++events;
    is_told = false;  // before the look: who sends after it tells again
    for (int answer = 0; answers.try_recv(answer) == weft::channel_status::ok; ++count) sum += answer;
    if (count == k_clicks) gui.quit();
  };
  weft::runtime rt(options());
  for (int i = 0; i < 3; ++i)
    rt.go([&, clicks, answers] {
      for (const int n : clicks) {
        answers.send(work(n));
        if (!is_told.exchange(true)) gui.post(take_in);
      }
    });
  gui.post([clicks] {
    for (int i = 0; i < k_clicks; ++i) clicks.send(i);  // four have room: a plain thread waits, and the fibers go on
  });
  gui.run();
  EXPECT_EQ(sum, expected_sum());
  EXPECT_LE(events, k_clicks);
  clicks.close();
}

// A dialog that wants its answer: the thread waits as long as it likes, in a select as well, beside a time limit.
TEST_P(gui_thread, may_wait_for_fibers) {
  weft::channel<int> questions, answers;
  weft::runtime rt(options());
  rt.go([questions, answers] {
    for (const int n : questions)
      if (n >= 0) answers.send(work(n));
  });
  questions.send(6);
  EXPECT_EQ(answers.recv(), 36);
  questions.send(-1);  // is not answered
  std::optional<int> answer;
  EXPECT_EQ(weft::select(weft::recv(answers, answer), weft::after(2ms)), 1u);
  questions.send(7);
  EXPECT_EQ(weft::select(weft::recv(answers, answer), weft::after(1h)), 0u);
  EXPECT_EQ(answer, 49);
  EXPECT_EQ(rt.run([] { return work(5); }), 25);  // or simply so
  questions.close();
}

// The window goes while fibers are at work: they are asked to end, and none of their events comes after that.
TEST_P(gui_thread, ends_the_work_with_the_window) {
  toolkit gui;
  std::atomic<int> begun{0}, ended{0};
  {
    weft::runtime rt(options());
    for (int i = 0; i < 8; ++i)
      rt.go([&] {
        struct at_end {
          std::atomic<int>& count;
          ~at_end() { ++count; }
        } const noted{ended};
        if (++begun == 8) gui.quit();
        weft::this_fiber::sleep_for(1h);
      });
    gui.run();
  }
  EXPECT_EQ(ended, 8);
}

INSTANTIATE_TEST_SUITE_P(at_workers, gui_thread, ::testing::Values(1u, 2u, 4u, 8u));

}  // namespace
