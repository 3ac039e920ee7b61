// Room: bench. Load for an echo server over UDP or Unix sockets: one thread, one epoll descriptor. Every socket keeps
// one message under way and checks each byte that comes back; a datagram that has not come back after 100 ms is lost,
// and counted, and the next one sent. Prints one line of JSON. (Over TCP: load.)
//
//   socket_load udp|unix number [sockets [seconds [payload]]]          default 64, 3, 64 bytes
#include "local_address.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

namespace {

using steady_clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto k_lost = 100ms;

struct conversation {
  int fd = -1;
  std::size_t received = 0;
  steady_clock::time_point sent_at;
};

class load {
 public:
  load(peers::transport kind, unsigned number, unsigned sockets, std::size_t payload)
      : kind_(kind), message_(payload), answer_(payload), epoll_(epoll_create1(EPOLL_CLOEXEC)), talks_(sockets) {
    peers::must(epoll_ >= 0, "epoll_create1");
    for (std::size_t i = 0; i < payload; ++i) message_[i] = static_cast<char>('a' + i % 26);
    for (auto& talk : talks_) open(talk, peers::address_of(kind, number));
  }

  void run_for(steady_clock::duration length) {
    const auto end = steady_clock::now() + length;
    auto looked = steady_clock::now();
    std::array<epoll_event, 256> events;
    for (auto now = looked; now < end; now = steady_clock::now()) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 50);
      peers::must(count >= 0 || errno == EINTR, "epoll_wait");
      for (int i = 0; i < count; ++i) turn(*static_cast<conversation*>(events[static_cast<std::size_t>(i)].data.ptr));
      if (now - looked < 50ms) continue;
      looked = now;
      for (auto& talk : talks_)
        if (kind_ == peers::transport::udp && now - talk.sent_at > k_lost) ++lost_, ask(talk);
    }
  }

  void begin() {
    for (auto& talk : talks_) ask(talk);
  }
  void forget() { times_.clear(), lost_ = 0; }

  // Microseconds.
  [[nodiscard]] double quantile(double q) {
    if (times_.empty()) return 0;
    const auto rank = static_cast<std::ptrdiff_t>(q * static_cast<double>(times_.size() - 1));
    std::nth_element(times_.begin(), times_.begin() + rank, times_.end());
    return static_cast<double>(times_[static_cast<std::size_t>(rank)]) / 1000;
  }
  [[nodiscard]] std::size_t answers() const { return times_.size(); }
  [[nodiscard]] std::size_t lost() const { return lost_; }
  [[nodiscard]] std::size_t errors() const { return errors_; }

 private:
  void open(conversation& talk, peers::any_address to) {
    talk.fd = peers::open_socket(kind_, 0);
    peers::must(connect(talk.fd, to.get(), to.size) == 0, "connect");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &talk;
    peers::must(epoll_ctl(epoll_, EPOLL_CTL_ADD, talk.fd, &event) == 0, "epoll_ctl");
  }

  void ask(conversation& talk) {
    talk.received = 0;
    talk.sent_at = steady_clock::now();
    if (send(talk.fd, message_.data(), message_.size(), MSG_NOSIGNAL) < 0) ++errors_;
  }

  void turn(conversation& talk) {
    const ssize_t got = recv(talk.fd, answer_.data(), answer_.size() - talk.received, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0 || !std::equal(answer_.data(), answer_.data() + got, message_.data() + talk.received)) {
      ++errors_;
      epoll_ctl(epoll_, EPOLL_CTL_DEL, talk.fd, nullptr);
      return;
    }
    talk.received += static_cast<std::size_t>(got);
    if (talk.received < message_.size()) return;
    times_.push_back((steady_clock::now() - talk.sent_at).count());
    ask(talk);
  }

  peers::transport kind_;
  std::vector<char> message_;
  std::vector<char> answer_;
  int epoll_;
  std::vector<conversation> talks_;
  std::size_t lost_ = 0;
  std::size_t errors_ = 0;
  std::vector<steady_clock::rep> times_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument("usage: socket_load udp|unix number [sockets [seconds [payload]]]");
  const peers::transport kind = peers::parse_transport(argv[1]);
  const unsigned number = peers::parse_number(argv[2], 1u << 30, "number of a server");
  const unsigned sockets = argc > 3 ? peers::parse_number(argv[3], 100'000, "number of sockets") : 64;
  const double seconds = argc > 4 ? peers::parse_seconds(argv[4]) : 3;
  const unsigned payload = argc > 5 ? peers::parse_number(argv[5], 60'000, "payload") : 64;
  if (sockets == 0 || seconds == 0 || payload == 0) throw std::invalid_argument("nothing to do: an argument is 0");

  load all(kind, number, sockets, payload);
  all.begin();
  all.run_for(200ms);  // every socket known, every buffer touched
  all.forget();
  const auto start = steady_clock::now();
  all.run_for(std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(seconds)));
  const std::chrono::duration<double> took = steady_clock::now() - start;
  std::cout << "{\"sockets\": " << sockets << ", \"payload\": " << payload
            << ", \"requests_per_s\": " << static_cast<long>(static_cast<double>(all.answers()) / took.count())
            << ", \"p50_us\": " << all.quantile(0.5) << ", \"p99_us\": " << all.quantile(0.99)
            << ", \"p999_us\": " << all.quantile(0.999) << ", \"lost\": " << all.lost()
            << ", \"errors\": " << all.errors() << "}\n";
  return all.errors() == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "socket_load: " << error.what() << '\n';
  return 1;
}
