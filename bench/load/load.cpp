// Room: bench. Load for a server of echoes or of HTTP, so cheap that the server and not this is measured: one thread,
// one epoll descriptor. Checks each answer. Prints one line of JSON.
//
//   load [--rate R] [--http TARGET] port [connections [seconds [payload]]]          default 64, 3, 64 bytes
//
// Without --rate the loop is closed: each connection has one request under way, always. With it the loop is open: R
// requests a second in all, whatever the server does, each timed from when it was due (schedule.hpp).
//
// The generator has a limit of its own, and says how near it came: `busy`, its share of a processor, and in an open
// loop `late_p99_us`, how late it sent what it could have sent in time. `limited` is 1 where it may have measured this:
// it took more than 0.8 of a processor, or sent late by more than a tenth of the p99 that it tells. In a closed loop
// `little` is connections by throughput and mean latency, which is 1 unless the figures are wrong.
#include "listening.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "latencies.hpp"
#include "schedule.hpp"
#include "talk.hpp"

namespace {

using steady_clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr nanoseconds k_longest_warm_up = 200ms;  // after each connection had an answer
constexpr auto k_patience = 5s;                   // without a single answer: the server has died, or never answers
constexpr auto k_longest_drain = 2s;
constexpr std::size_t k_of_one_source = 4096;

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

int wait_for(int epoll, std::array<epoll_event, 256>& events, nanoseconds length) {
  const auto whole = std::max<std::int64_t>(length.count(), 0);
  const timespec limit{static_cast<time_t>(whole / 1'000'000'000), static_cast<long>(whole % 1'000'000'000)};
  const int count = epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), &limit, nullptr);
  peers::must(count >= 0 || errno == EINTR, "epoll_pwait2");
  return std::max(count, 0);
}

template <class Talk>
class generator {
 public:
  generator(Talk talk, std::uint16_t port, std::size_t connections, double rate)
      : talk_(std::move(talk)), epoll_(epoll_create1(EPOLL_CLOEXEC)), peers_(connections) {
    peers::must(epoll_ >= 0, "epoll_create1");
    for (std::size_t i = 0; i < connections; ++i) open(i, port);
    if (rate > 0) plan_.emplace(rate, connections);
  }

  // The first answer on a connection has its accept in it, and a server may owe thousands of them: nothing is counted,
  // and no request is due, before each connection had one.
  void greet() {
    last_answer_ = steady_clock::now();
    is_greeting_ = true;
    for (auto& each : peers_) ask(each, last_answer_);
    while (std::any_of(peers_.begin(), peers_.end(), [](const peer& each) { return each.is_asked; })) turn(100ms);
    is_greeting_ = false;
  }

  void run(nanoseconds length) {
    greet();
    begin_ = steady_clock::now();
    counted_from_ = begin_ + std::min(k_longest_warm_up, length);
    end_ = counted_from_ + length;
    last_answer_ = begin_;
    if (!plan_) {
      for (auto& each : peers_)
        if (each.fd >= 0) ask(each, steady_clock::now());
    }
    double processor = 0;
    for (auto now = begin_; now < end_ && alive_ > 0; now = steady_clock::now()) {
      if (processor == 0 && now >= counted_from_) processor = processor_seconds();
      if (plan_) ask_what_is_due(now);
      turn(until_next(now));
    }
    took_ = std::chrono::duration<double>(steady_clock::now() - counted_from_).count();
    busy_ = (processor_seconds() - processor) / took_;
    if (plan_) drain();
  }

  [[nodiscard]] std::size_t errors() const { return errors_; }

  void print(std::size_t payload) const {
    const auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e3; };
    const double answered = static_cast<double>(times_.total());
    std::cout << "{\"connections\": " << peers_.size() << ", \"payload\": " << payload << ", \"loop\": \""
              << (plan_ ? "open" : "closed") << "\", \"requests_per_s\": " << static_cast<long>(answered / took_);
    for (const auto& [name, q] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}})
      std::cout << ", \"" << name << "_us\": " << us(times_.quantile_ns(q));
    std::cout << ", \"max_us\": " << us(times_.max_ns()) << ", \"mean_us\": " << times_.mean_ns() / 1e3
              << ", \"busy\": " << busy_;
    if (plan_)
      std::cout << ", \"late_p99_us\": " << us(late_.quantile_ns(0.99)) << ", \"unanswered\": " << unanswered_;
    else
      std::cout << ", \"little\": " << static_cast<double>(peers_.size()) * took_ * 1e9 / (answered * times_.mean_ns());
    const bool is_late = late_.quantile_ns(0.99) > times_.quantile_ns(0.99) / 10;
    std::cout << ", \"limited\": " << (busy_ > 0.8 || is_late ? 1 : 0) << ", \"errors\": " << errors_ << "}\n";
  }

 private:
  struct peer {
    int fd = -1;
    typename Talk::answer answer;
    bool is_asked = false;
    std::uint64_t asked = 0;         // open loop: how many of its requests were sent
    std::uint64_t owed = 0;          // ... and how many are due beside these
    steady_clock::time_point since;  // from when the one under way counts
  };

  void open(std::size_t index, std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    peers::must(fd >= 0, "socket");
    const sockaddr_in address = peers::loopback(port);
    const timeval limit{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    take_source(fd, index);
    peers::must(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
                "connect to 127.0.0.1:" + std::to_string(port));
    peers::set_no_delay(fd);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    peers::must(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
    peers_[index].fd = fd;
    ++alive_;
  }

  // One address has 28,000 ports, and each that was closed is busy for a minute: of more connections than a few, each
  // 4,096 come from an address of the loopback of their own, which another process of the next minute does not have.
  void take_source(int fd, std::size_t index) const {
    if (peers_.size() <= k_of_one_source) return;
    const auto process = static_cast<std::uint32_t>(getpid());
    const auto place = static_cast<std::uint32_t>(index / k_of_one_source);
    sockaddr_in source = peers::loopback(0);
    source.sin_addr.s_addr =
        htonl((127U << 24) | ((process % 250 + 1) << 16) | ((process / 250 % 256) << 8) | (place + 1));
    const int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    peers::must(bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) == 0,
                "bind to an address of 127/8");
  }

  void ask(peer& to, steady_clock::time_point since) {
    to.answer = {};
    to.is_asked = true;
    to.since = since;
    const std::string_view text = talk_.question();
    if (send(to.fd, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) fail(to);
  }

  // The next of those that a connection owes.
  void ask_owed(peer& to) {
    --to.owed;
    ask(to, due_of_next(to));
  }

  void ask_what_is_due(steady_clock::time_point now) {
    for (; begin_ + plan_->due() <= now; plan_->advance()) {
      peer& to = peers_[plan_->connection()];
      ++to.owed;
      if (to.fd < 0 || to.is_asked) continue;
      ask_owed(to);
      if (is_counted(to.since)) late_.add(now - to.since);
    }
  }

  // In an open loop what is due in the time that counts, in a closed one what is answered in it.
  [[nodiscard]] bool is_counted(steady_clock::time_point when) const { return when >= counted_from_; }

  [[nodiscard]] nanoseconds until_next(steady_clock::time_point now) const {
    const auto next = plan_ ? std::min(end_, begin_ + plan_->due()) : end_;
    return std::min<nanoseconds>(next - now, 100ms);
  }

  void turn(nanoseconds longest) {
    const int count = wait_for(epoll_, events_, longest);
    const auto now = steady_clock::now();
    if (count > 0) last_answer_ = now;
    if (now - last_answer_ > k_patience) throw std::runtime_error("the server does not answer");
    for (int i = 0; i < count; ++i) hear(peers_[events_[static_cast<std::size_t>(i)].data.u64]);
  }

  void hear(peer& from) {
    const ssize_t got = recv(from.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0 || !from.is_asked) return fail(from);
    const auto is_whole = talk_.take(from.answer, {buffer_.data(), static_cast<std::size_t>(got)});
    if (!is_whole) return fail(from);
    if (!*is_whole) return;
    from.is_asked = false;
    const auto now = steady_clock::now();
    if (is_greeting_) return;
    if (is_counted(plan_ ? from.since : now)) times_.add(now - from.since);
    if (!plan_)
      ask(from, now);
    else if (from.owed > 0)
      ask_owed(from);
  }

  // What was due in time is waited for; what does not come at all counts as so late.
  void drain() {
    const auto outstanding = [](const peer& each) { return each.fd >= 0 && (each.is_asked || each.owed > 0); };
    const auto until = steady_clock::now() + k_longest_drain;
    while (steady_clock::now() < until && std::any_of(peers_.begin(), peers_.end(), outstanding)) turn(10ms);
    for (auto& each : peers_) {
      if (!outstanding(each)) continue;
      const auto now = steady_clock::now();
      if (each.is_asked) count_unanswered(now - each.since);
      for (; each.owed > 0; --each.owed) count_unanswered(now - due_of_next(each));
    }
  }

  void count_unanswered(nanoseconds waited) {
    ++unanswered_;
    times_.add(waited);
  }

  // Takes the next of those that it owes.
  [[nodiscard]] steady_clock::time_point due_of_next(peer& to) {
    return begin_ + plan_->due_at(static_cast<std::size_t>(&to - peers_.data()), to.asked++);
  }

  void fail(peer& who) {
    ++errors_;
    --alive_;
    close(who.fd);
    who.fd = -1;
    who.is_asked = false;
  }

  Talk talk_;
  int epoll_;
  std::vector<peer> peers_;
  std::optional<load::schedule> plan_;
  std::array<char, 65536> buffer_;
  std::array<epoll_event, 256> events_;
  steady_clock::time_point begin_, counted_from_, end_, last_answer_;
  bool is_greeting_ = false;
  std::size_t alive_ = 0;
  std::size_t errors_ = 0;
  std::uint64_t unanswered_ = 0;
  double took_ = 0;
  double busy_ = 0;
  load::latencies times_, late_;
};

void allow_descriptors(std::size_t count) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, std::max<rlim_t>(limit.rlim_cur, count + 64));
  setrlimit(RLIMIT_NOFILE, &limit);
}

struct wishes {
  double rate = 0;
  std::string target;  // of HTTP
  std::vector<std::string> numbers;
};

wishes parse(int argc, char** argv) {
  wishes found;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = word == "--rate" || word == "--http";
    if (has_value && ++i == argc) throw std::invalid_argument(word + " wants a value");
    if (word == "--rate")
      found.rate = peers::parse_number(argv[i], 10'000'000, "rate");
    else if (word == "--http")
      found.target = argv[i];
    else
      found.numbers.push_back(word);
  }
  if (found.numbers.empty() || found.numbers.size() > 4)
    throw std::invalid_argument("usage: load [--rate R] [--http TARGET] port [connections [seconds [payload]]]");
  return found;
}

template <class Talk>
int run(Talk talk, const wishes& how, std::uint16_t port, unsigned connections, nanoseconds length, unsigned payload) {
  generator<Talk> all(std::move(talk), port, connections, how.rate);
  all.run(length);
  all.print(payload);
  return all.errors() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  const wishes how = parse(argc, argv);
  const auto number = [&how](std::size_t i, unsigned other, unsigned most, const char* what) {
    return i < how.numbers.size() ? peers::parse_number(how.numbers[i], most, what) : other;
  };
  const std::uint16_t port = peers::parse_port(how.numbers[0]);
  const unsigned connections = number(1, 64, 1'000'000, "number of connections");
  const std::chrono::duration<double> seconds(how.numbers.size() > 2 ? peers::parse_seconds(how.numbers[2]) : 3);
  const auto length = std::chrono::duration_cast<nanoseconds>(seconds);
  const unsigned payload = number(3, 64, 65536, "payload");
  if (connections == 0 || length == 0s || payload == 0) throw std::invalid_argument("nothing to do: an argument is 0");
  allow_descriptors(connections);
  prctl(PR_SET_TIMERSLACK, 1);  // ns: else what is due next is sent 50 us late
  if (!how.target.empty()) return run(load::http_talk(how.target), how, port, connections, length, 0);
  return run(load::echo_talk(payload), how, port, connections, length, payload);
} catch (const std::exception& error) {
  std::cerr << "load: " << error.what() << '\n';
  return 2;
}
