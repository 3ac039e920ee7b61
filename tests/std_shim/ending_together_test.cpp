// Room: tests. "Ending together" (cancellation.hpp): who is asked to end, and is woken by the end of another who was
// asked by the same request, gets weft::cancelled and not the other's end: for each pair of a thing that is held and a
// wait that its holder's end answers, at the end of a runtime, of a group and of a time limit.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <support/manual_clock.hpp>
#include <support/wait_until.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;

constexpr int k_pairs = 16;

struct outcomes {
  std::atomic<int> cancelled{0}, otherwise{0};  // counters

  template <class Wait>
  void note(Wait wait) {
    try {
      wait();
      ++otherwise;
    } catch (const weft::cancelled&) {
      ++cancelled;
      throw;
    } catch (...) {
      ++otherwise;
    }
  }
};

// How a member of a pair is started: in the root scope, or in a group.
using starter = std::function<void(std::function<void()>)>;
using pair_of = void (*)(const starter&, outcomes&);

void hold() { weft::this_fiber::sleep_for(1000h); }

// The holder's fiber has `held` on its frame, which dies as it unwinds.
template <class Held, class Wait>
void start(const starter& go, outcomes& to, Held held, Wait wait) {
  auto shared = std::make_shared<std::optional<Held>>(std::move(held));
  go([shared] {
    const Held mine = std::move(**shared);
    shared->reset();
    hold();
  });
  go([&to, wait = std::make_shared<Wait>(std::move(wait))] { to.note(*wait); });
}

std::pair<weft::net::tcp_stream, weft::net::tcp_stream> tcp_pair() {
  auto listener = weft::net::listen("127.0.0.1:0");
  auto client = weft::net::dial(listener.local_address());
  return {std::move(client), listener.accept()};
}

template <class Stream, class Call>
void stream_pair(const starter& go, outcomes& to, std::pair<Stream, Stream> ends, Call call) {
  start(go, to, std::move(ends.first),
        [mine = std::make_shared<Stream>(std::move(ends.second)), call] { call(*mine); });
}

constexpr auto read_some = [](auto& stream) {
  char buffer[8];
  (void)stream.read_some(buffer);
};
constexpr auto read_exactly = [](auto& stream) {
  char buffer[8];
  stream.read_exactly(buffer);
};
constexpr auto read_with_code = [](auto& stream) {
  char buffer[8];
  std::error_code ec;
  (void)stream.read_some(buffer, ec);
};
constexpr auto write_on = [](auto& stream) {
  const std::string much(1 << 20, 'x');
  for (;;) stream.write_all(much);
};

struct closes {
  weft::channel<int> what;
  explicit closes(weft::channel<int> c) : what(std::move(c)) {}
  closes(closes&& from) noexcept : what(std::exchange(from.what, nullptr)) {}
  ~closes() {
    if (what != nullptr) what.close();
  }
};

template <class Call>
void channel_pair(const starter& go, outcomes& to, Call call) {
  weft::channel<int> ch;
  start(go, to, closes(ch), [ch, call] { call(ch); });
}

struct closes_listener {
  std::shared_ptr<weft::net::tcp_listener> what;
  explicit closes_listener(std::shared_ptr<weft::net::tcp_listener> l) : what(std::move(l)) {}
  closes_listener(closes_listener&& from) noexcept : what(std::move(from.what)) {}
  ~closes_listener() {
    if (what != nullptr) what->close();
  }
};

void accept_pair(const starter& go, outcomes& to) {
  const auto listener = std::make_shared<weft::net::tcp_listener>(weft::net::listen("127.0.0.1:0"));
  start(go, to, closes_listener(listener), [listener] { (void)listener->accept(); });
}

struct named_pair {
  const char* name;
  pair_of start;
};

const named_pair k_all[] = {
    {"tcp read_some", [](const starter& go, outcomes& to) { stream_pair(go, to, tcp_pair(), read_some); }},
    {"tcp read_exactly", [](const starter& go, outcomes& to) { stream_pair(go, to, tcp_pair(), read_exactly); }},
    {"tcp read_some, ec", [](const starter& go, outcomes& to) { stream_pair(go, to, tcp_pair(), read_with_code); }},
    {"tcp write_all", [](const starter& go, outcomes& to) { stream_pair(go, to, tcp_pair(), write_on); }},
    {"tcp accept", accept_pair},
    {"pipe read_some", [](const starter& go, outcomes& to) { stream_pair(go, to, weft::net::pipe(), read_some); }},
    {"pipe read_exactly",
     [](const starter& go, outcomes& to) { stream_pair(go, to, weft::net::pipe(), read_exactly); }},
    {"pipe write_all", [](const starter& go, outcomes& to) { stream_pair(go, to, weft::net::pipe(), write_on); }},
    {"channel recv", [](const starter& go, outcomes& to) { channel_pair(go, to, [](auto& ch) { (void)ch.recv(); }); }},
    {"channel send", [](const starter& go, outcomes& to) { channel_pair(go, to, [](auto& ch) { ch.send(1); }); }},
    {"channel recv_for",
     [](const starter& go, outcomes& to) {
       channel_pair(go, to, [](auto& ch) {
         int got = 0;
         (void)ch.recv_for(got, 1000h);
       });
     }},
    {"select",
     [](const starter& go, outcomes& to) {
       channel_pair(go, to, [](auto& ch) { weft::select(weft::recv(ch, [](std::optional<int>) {})); });
     }},
    {"future",
     [](const starter& go, outcomes& to) {
       weft::promise<int> owed;
       auto due = std::make_shared<weft::future<int>>(owed.get_future());
       start(go, to, std::move(owed), [due] { (void)due->get(); });
     }},
};

void await_parked(std::size_t fibers) {
  weft::testing::wait_until([fibers] { return weft::snapshot().count(weft::fiber_state::parked) >= fibers; });
}

class ending_together : public testing::TestWithParam<named_pair> {
 protected:
  void start_all(const starter& go) {
    for (int i = 0; i < k_pairs; ++i) GetParam().start(go, seen_);
    await_parked(2 * k_pairs);
  }
  void expect_all_cancelled() const {
    EXPECT_EQ(seen_.cancelled, k_pairs) << GetParam().name;
    EXPECT_EQ(seen_.otherwise, 0) << GetParam().name;
  }
  outcomes seen_;
};

TEST_P(ending_together, at_the_end_of_a_runtime) {
  weft::run({.workers = 4}, [&] { start_all([](auto f) { weft::go(std::move(f)); }); });
  expect_all_cancelled();
}

TEST_P(ending_together, at_the_end_of_a_group) {
  weft::run({.workers = 4}, [&] {
    weft::task_group group;
    start_all([&group](auto f) { group.go(std::move(f)); });
    group.cancel();
    EXPECT_NO_THROW(group.wait()) << GetParam().name << ": nobody failed";
  });
  expect_all_cancelled();
}

TEST_P(ending_together, at_the_end_of_a_time_limit) {
  weft::testing::manual_clock clock;
  weft::runtime rt({.workers = 4}, &clock);
  rt.run([&] {
    const auto end_together = [&] {
      weft::task_group group;
      start_all([&group](auto f) { group.go(std::move(f)); });
      clock.advance(2h, rt);
      group.wait();
    };
    EXPECT_THROW(weft::with_timeout(1h, end_together), weft::timed_out) << GetParam().name;
  });
  expect_all_cancelled();
}

INSTANTIATE_TEST_SUITE_P(pairs, ending_together, testing::ValuesIn(k_all), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name)
    if (c == ' ' || c == ',') c = '_';
  return name;
});

}  // namespace
