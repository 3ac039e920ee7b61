// Room: bench. Load for an echo server, so cheap that the server and not this is measured: one thread, one epoll
// descriptor. Every connection keeps one message under way and checks each byte that comes back. Prints one line of
// JSON.
//
//   echo_load port [connections [seconds [payload]]]          default 64, 3, 64 bytes
#include "listening.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

namespace {

using steady_clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto k_patience = 5s;  // without a single answer: the server has died, or never answers

struct conversation {
  int fd = -1;
  std::size_t received = 0;
  steady_clock::time_point sent_at;
};

// Counts of round trips by microsecond, up to a second; a slower one counts as the last.
class latencies {
 public:
  void add(steady_clock::duration took) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    ++counts_[std::min(static_cast<std::size_t>(us), counts_.size() - 1)];
    ++total_;
  }
  void clear() {
    std::fill(counts_.begin(), counts_.end(), 0);
    total_ = 0;
  }
  [[nodiscard]] std::size_t total() const { return total_; }
  [[nodiscard]] std::size_t quantile_us(double q) const {
    const auto rank = static_cast<std::size_t>(q * static_cast<double>(total_));
    std::size_t seen = 0;
    for (std::size_t us = 0; us < counts_.size(); ++us)
      if ((seen += counts_[us]) > rank) return us;
    return 0;
  }

 private:
  std::vector<std::size_t> counts_ = std::vector<std::size_t>(1'000'001);
  std::size_t total_ = 0;
};

class load {
 public:
  load(std::uint16_t port, unsigned connections, std::size_t payload)
      : message_(payload, 'x'), answer_(payload), epoll_(epoll_create1(EPOLL_CLOEXEC)), talks_(connections) {
    peers::must(epoll_ >= 0, "epoll_create1");
    for (std::size_t i = 0; i < payload; ++i) message_[i] = static_cast<char>('a' + i % 26);
    for (auto& talk : talks_) open(talk, port);
  }

  void run_for(steady_clock::duration length) {
    const auto end = steady_clock::now() + length;
    auto last_answer = steady_clock::now();
    std::array<epoll_event, 256> events;
    for (auto now = last_answer; now < end && alive_ > 0; now = steady_clock::now()) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      peers::must(count >= 0 || errno == EINTR, "epoll_wait");
      if (count > 0) last_answer = now;
      if (now - last_answer > k_patience) throw std::runtime_error("the server does not answer");
      for (int i = 0; i < count; ++i) turn(*static_cast<conversation*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

  void begin() {
    for (auto& talk : talks_) ask(talk);
  }
  void forget_times() { times_.clear(); }
  [[nodiscard]] const latencies& times() const { return times_; }
  [[nodiscard]] std::size_t errors() const { return errors_; }

 private:
  void open(conversation& talk, std::uint16_t port) {
    talk.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    peers::must(talk.fd >= 0, "socket");
    const sockaddr_in address = peers::loopback(port);
    const timeval limit{5, 0};
    setsockopt(talk.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    peers::must(connect(talk.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
                "connect to 127.0.0.1:" + std::to_string(port));
    peers::set_no_delay(talk.fd);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &talk;
    peers::must(epoll_ctl(epoll_, EPOLL_CTL_ADD, talk.fd, &event) == 0, "epoll_ctl");
    ++alive_;
  }

  void ask(conversation& talk) {
    talk.received = 0;
    talk.sent_at = steady_clock::now();
    if (send(talk.fd, message_.data(), message_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(message_.size()))
      fail(talk);
  }

  void turn(conversation& talk) {
    const ssize_t got = recv(talk.fd, answer_.data(), answer_.size() - talk.received, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return fail(talk);
    if (!std::equal(answer_.data(), answer_.data() + got, message_.data() + talk.received)) return fail(talk);
    talk.received += static_cast<std::size_t>(got);
    if (talk.received < message_.size()) return;
    times_.add(steady_clock::now() - talk.sent_at);
    ask(talk);
  }

  void fail(conversation& talk) {
    ++errors_;
    --alive_;
    close(talk.fd);
    talk.fd = -1;
  }

  std::vector<char> message_;
  std::vector<char> answer_;
  int epoll_;
  std::vector<conversation> talks_;
  std::size_t alive_ = 0;
  std::size_t errors_ = 0;
  latencies times_;
};

void allow_descriptors(unsigned count) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, std::max<rlim_t>(limit.rlim_cur, count + 64));
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) throw std::invalid_argument("usage: echo_load port [connections [seconds [payload]]]");
  const std::uint16_t port = peers::parse_port(argv[1]);
  const unsigned connections = argc > 2 ? peers::parse_number(argv[2], 1'000'000, "number of connections") : 64;
  const unsigned seconds = argc > 3 ? peers::parse_number(argv[3], 3600, "number of seconds") : 3;
  const unsigned payload = argc > 4 ? peers::parse_number(argv[4], 65536, "payload") : 64;
  if (connections == 0 || seconds == 0 || payload == 0) throw std::invalid_argument("nothing to do: an argument is 0");

  allow_descriptors(connections);
  load all(port, connections, payload);
  all.begin();
  all.run_for(200ms);  // every connection known, every buffer touched
  all.forget_times();
  const auto start = steady_clock::now();
  all.run_for(std::chrono::seconds(seconds));
  const std::chrono::duration<double> took = steady_clock::now() - start;
  const auto& times = all.times();
  std::cout << "{\"connections\": " << connections << ", \"payload\": " << payload
            << ", \"requests_per_s\": " << static_cast<long>(static_cast<double>(times.total()) / took.count())
            << ", \"p50_us\": " << times.quantile_us(0.5) << ", \"p99_us\": " << times.quantile_us(0.99)
            << ", \"errors\": " << all.errors() << "}\n";
  return all.errors() == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "echo_load: " << error.what() << '\n';
  return 1;
}
