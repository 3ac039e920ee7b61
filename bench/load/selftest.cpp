// Room: bench. Whether the load generator tells the truth: its counts against sorted values, its schedule against
// arithmetic, and the program itself against a server that stalls once. Ends with status 1 at the first lie.
//
//   load_selftest PATH_OF_LOAD
//
// The stall tells an open loop from a closed one: of the requests that are due in it, a closed loop sends one.
#include "listening.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "latencies.hpp"
#include "schedule.hpp"

namespace {

using namespace std::chrono_literals;

void hold(bool so, const std::string& what) {
  if (!so) throw std::runtime_error(what);
}

void quantiles_are_close_and_never_below() {
  std::mt19937_64 draw(7);
  std::vector<std::uint64_t> all;
  load::latencies times;
  for (int i = 0; i < 100'000; ++i) {
    all.push_back(draw() >> (29 + draw() % 35));
    times.add(std::chrono::nanoseconds(all.back()));
  }
  std::sort(all.begin(), all.end());
  for (const double part : {0.0, 0.5, 0.9, 0.99, 0.999, 0.99999}) {
    const std::uint64_t truth = all[static_cast<std::size_t>(part * 100'000)];
    const std::uint64_t told = times.quantile_ns(part);
    hold(told >= truth && told - truth <= truth / 128 + 1,
         "quantile " + std::to_string(part) + " is " + std::to_string(truth) + ", told as " + std::to_string(told));
  }
  hold(times.max_ns() == all.back() && times.quantile_ns(1) == all.back(), "the greatest is not exact");
  times.clear();
  hold(times.total() == 0 && times.quantile_ns(0.5) == 0, "nothing has a quantile other than 0");
}

void requests_are_due_at_even_distances_for_a_day() {
  load::schedule due(3, 2);
  for (std::uint64_t i = 0; i < 3 * 86'400; ++i, due.advance()) {
    const auto ideal = std::chrono::nanoseconds(i * 1'000'000'000 / 3);
    hold(due.due() - ideal <= 1ns && ideal - due.due() <= 1ns, "request " + std::to_string(i) + " drifts");
    hold(due.connection() == i % 2 && due.due_at(i % 2, i / 2) == due.due(), "a connection has another's request");
  }
}

// Answers on one connection from a thread, and once, at the given message, does nothing for a while.
class stalling_server {
 public:
  stalling_server(unsigned stall_at, std::chrono::milliseconds stall, bool lies = false)
      : listener_(peers::listen_quietly(port_, 0)),
        thread_([this, stall_at, stall, lies] { serve(stall_at, stall, lies); }) {}
  ~stalling_server() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  stalling_server(const stalling_server&) = delete;
  stalling_server& operator=(const stalling_server&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void serve(unsigned stall_at, std::chrono::milliseconds stall, bool lies) const {
    const int fd = accept(listener_, nullptr, nullptr);
    std::array<char, 256> text;
    for (unsigned number = 0;; ++number) {
      const ssize_t got = recv(fd, text.data(), text.size(), 0);
      if (got <= 0) break;
      if (number == stall_at) std::this_thread::sleep_for(stall);
      if (lies) text[0] = '!';
      if (send(fd, text.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) break;
    }
    close(fd);
  }

  std::uint16_t port_ = 0;
  int listener_;
  std::thread thread_;
};

struct told {
  std::string text;
  int status = 0;
  [[nodiscard]] double number(const std::string& key) const {
    const std::size_t at = text.find('"' + key + "\": ");
    hold(at != std::string::npos, "load told no " + key + ": " + text);
    return std::stod(text.substr(at + key.size() + 4));
  }
};

told run(const std::string& program, const std::string& options, std::uint16_t port) {
  std::FILE* const out = ::popen(('\'' + program + "' " + options + ' ' + std::to_string(port) + " 1 1").c_str(), "re");
  peers::must(out != nullptr, "popen");
  std::array<char, 1024> line{};
  const bool said = std::fgets(line.data(), line.size(), out) != nullptr;
  const int status = ::pclose(out);
  return {said ? line.data() : "", status};
}

// At 2,000 a second, 500 requests are due in a stall of 250 ms, a quarter of all: each tenth of all waits for more than
// 140 ms, whatever else the machine does. In the closed loop a single one has waited, of hundreds.
void a_stall_shows_in_the_tail_of_an_open_loop(const std::string& program) {
  const stalling_server server(1'000, 250ms);
  const told open = run(program, "--rate 2000", server.port());
  hold(open.status == 0 && open.number("errors") == 0, "an open loop failed: " + open.text);
  hold(open.number("p90_us") >= 100'000, "a stall of 250 ms does not show in p90: " + open.text);
  hold(open.number("max_us") >= 249'000, "nothing waited for the whole stall: " + open.text);
}

void a_closed_loop_sees_a_stall_once(const std::string& program) {
  const stalling_server server(1'000, 250ms);
  const told closed = run(program, "", server.port());
  hold(closed.status == 0 && closed.number("errors") == 0, "a closed loop failed: " + closed.text);
  hold(closed.number("p90_us") < 100'000, "a closed loop saw one stall in each tenth request: " + closed.text);
  const double little = closed.number("little");
  hold(little > 0.7 && little < 1.5, "connections are not throughput by latency: " + closed.text);
}

void a_wrong_byte_is_an_error(const std::string& program) {
  const stalling_server server(0, 0ms, true);
  const told wrong = run(program, "", server.port());
  hold(wrong.status != 0 && wrong.number("errors") == 1, "a wrong byte was not noticed: " + wrong.text);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::invalid_argument("usage: load_selftest PATH_OF_LOAD");
  quantiles_are_close_and_never_below();
  requests_are_due_at_even_distances_for_a_day();
  a_stall_shows_in_the_tail_of_an_open_loop(argv[1]);
  a_closed_loop_sees_a_stall_once(argv[1]);
  a_wrong_byte_is_an_error(argv[1]);
} catch (const std::exception& error) {
  std::cerr << "load_selftest: " << error.what() << '\n';
  return 1;
}
