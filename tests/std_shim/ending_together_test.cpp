// Room: tests. "Ending together" (cancellation.hpp): who is asked to end, and is woken by the end of another who was
// asked by the same request, gets weft::cancelled and not the other's end: for each pair of a thing that is held and a
// wait that its holder's end answers, at the end of a runtime, of a group and of a time limit.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <netdb.h>

#include <support/manual_clock.hpp>
#include <support/wait_until.hpp>
#include <weft/weft.hpp>

namespace {

// Lookups of "held.test" whose answer somebody holds back, each by its port.
struct held_lookup {
  std::atomic<bool> is_held{false};
  std::atomic<int> asking{0};
};
constexpr unsigned k_lookups = 64;
std::array<held_lookup, k_lookups> g_lookups;

}  // namespace

// The program's own, before the C library's: for all other names that one.
extern "C" [[gnu::visibility("default")]] int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                                                          addrinfo** found) {
  if (host == nullptr || std::string_view(host) != "held.test") {
    static const auto of_the_system = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return of_the_system(host, service, hints, found);
  }
  held_lookup& mine = g_lookups[static_cast<unsigned>(std::stoi(service)) % k_lookups];
  ++mine.asking;
  mine.is_held.wait(true);
  --mine.asking;
  return EAI_AGAIN;
}

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

// Who waits for the system's answer to a connection that its peer has no room for.
void dial_pair(const starter& go, outcomes& to) {
  struct without_room {
    weft::net::tcp_listener listener = weft::net::listen("127.0.0.1:0", {.backlog = 1});
    std::vector<weft::net::tcp_stream> not_accepted;
  };
  without_room full;
  const weft::net::endpoint address = full.listener.local_address();
  for (int i = 0; i < 2; ++i) full.not_accepted.push_back(weft::net::dial(address));
  start(go, to, std::move(full), [address] { (void)weft::net::dial(address); });
}

struct answers {
  held_lookup* what;
  explicit answers(held_lookup& held) : what(&held) { held.is_held = true; }
  answers(answers&& from) noexcept : what(std::exchange(from.what, nullptr)) {}
  ~answers() {
    if (what == nullptr) return;
    what->is_held = false;
    what->is_held.notify_all();
  }
};

template <class Call>
void lookup_pair(const starter& go, outcomes& to, Call call) {
  static std::atomic<unsigned> started{0};
  const unsigned port = 1 + started++ % (k_lookups - 1);
  start(go, to, answers(g_lookups[port]), [port, call] { call(std::to_string(port)); });
}

void ticker_pair(const starter& go, outcomes& to) {
  const weft::ticker every(2000h);
  start(go, to, weft::ticker(every), [ticks = every.ticks()] { (void)ticks.recv(); });
}

// The one who is waited for is in the root scope: a group's end asks its member, whose handle asks it.
void join_pair(const starter& go, outcomes& to) {
  go([&to] { to.note([] { weft::spawn(hold).join(); }); });
}

void group_pair(const starter& go, outcomes& to) {
  go([&to] {
    to.note([] {
      weft::task_group inner;
      inner.go(hold);
      inner.wait();
    });
  });
}

struct named_pair {
  const char* name;
  pair_of start;
  std::size_t fibers = 2;
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
    {"dial", dial_pair},
    {"dial by name",
     [](const starter& go, outcomes& to) {
       lookup_pair(go, to, [](const std::string& port) { (void)weft::net::dial("held.test:" + port); });
     }},
    {"resolve",
     [](const starter& go, outcomes& to) {
       lookup_pair(go, to, [](const std::string& port) { (void)weft::net::resolve("held.test", port); });
     }},
    {"resolve, ec",
     [](const starter& go, outcomes& to) {
       lookup_pair(go, to, [](const std::string& port) {
         std::error_code ec;
         (void)weft::net::resolve("held.test", port, ec);
       });
     }},
    {"ticker", ticker_pair, 3},
    {"join", join_pair},
    {"group wait", group_pair},
};

void await_parked(std::size_t fibers) {
  weft::testing::wait_until([fibers] { return weft::snapshot().count(weft::fiber_state::parked) >= fibers; });
}

class ending_together : public testing::TestWithParam<named_pair> {
 protected:
  void start_all(const starter& go) {
    for (int i = 0; i < k_pairs; ++i) GetParam().start(go, seen_);
    await_parked(GetParam().fibers * k_pairs);
  }
  void expect_all_cancelled() const {
    EXPECT_EQ(seen_.cancelled, k_pairs) << GetParam().name;
    EXPECT_EQ(seen_.otherwise, 0) << GetParam().name;
    for (const held_lookup& each : g_lookups) weft::testing::wait_until([&each] { return each.asking == 0; });
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
