// Room: tests of netpoll. See conversation.hpp.

#include "soak/conversation.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <span>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace weft::testing {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_piece = 2048;

std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

void raise_to(std::atomic<std::uint64_t>& most, std::uint64_t now) noexcept {
  std::uint64_t seen = most;
  while (seen < now && !most.compare_exchange_weak(seen, now)) {
  }
}

// Whoever is asked to end, ends his end of the stream.
struct closes_when_cut {
  net::any_stream& stream;
  bool has_ended = false;
  ~closes_when_cut() {
    if (!has_ended) stream.close();
  }
};

}  // namespace

void soak_account::complain(const std::string& what) {
  const std::scoped_lock held(mutex_);
  if (complaints_.size() < 10) complaints_.push_back(what);
}

std::vector<std::string> soak_account::complaints() const {
  const std::scoped_lock held(mutex_);
  return complaints_;
}

// --- One way.

std::byte one_way::byte_at(std::size_t position) const noexcept {
  return static_cast<std::byte>(mixed(id_ + position / 8 * 0x9e3779b97f4a7c15u) >> (position % 8 * 8));
}

// After a write whose deadline has passed.
bool one_way::has_more_time(net::any_stream& to, soak_account& account) {
  if (write_error_ != std::errc::timed_out) return false;
  ++account.timed_out;
  to.set_write_deadline(net::any_stream::time_point::max(), write_error_);
  return true;
}

void one_way::write(net::any_stream& to, std::minstd_rand random, soak_account& account) {
  closes_when_cut guard{to};
  std::array<std::byte, k_piece> piece;
  while (written_ < size_) {
    const std::size_t n = std::min<std::size_t>(1 + random() % k_piece, size_ - written_);
    for (std::size_t i = 0; i < n; ++i) piece[i] = byte_at(written_ + i);
    handed_ = written_ + n;
    written_ += to.write_all(std::span(piece).first(n), write_error_);
    has_more_time(to, account);
    if (write_error_) return;
  }
  to.shutdown_write(write_error_);
  if (has_more_time(to, account) && !write_error_) to.shutdown_write(write_error_);
  guard.has_ended = has_ended_writing_ = !write_error_;
}

void one_way::read(net::any_stream& from, std::minstd_rand random, soak_account& account, const soak_pace& pace,
                   const std::function<void(std::size_t)>& reached) {
  closes_when_cut guard{from};
  std::array<std::byte, k_piece> piece;
  const bool is_slow = random() % 4 != 0;
  for (;;) {
    const auto part = std::span(piece).first(1 + random() % k_piece);
    const std::size_t n = from.read_some(part, read_error_);
    for (std::size_t i = 0; i < n; ++i)
      if (part[i] != byte_at(read_ + i)) wrong_at_ = std::min(wrong_at_, read_ + i);
    read_ += n;
    if (read_error_ == std::errc::timed_out) {
      ++account.timed_out;
      from.set_read_deadline(net::any_stream::time_point::max(), read_error_);
      if (!read_error_) continue;
    }
    if (read_error_) return;
    if (n == 0) break;
    reached(read_);
    if (is_slow && !account.is_over && pace.between_reads > 0us)
      this_fiber::sleep_for(
          std::chrono::microseconds(random() % static_cast<unsigned>(2 * pace.between_reads.count())));
  }
  guard.has_ended = has_seen_end_ = true;
}

bool one_way::has_failed() const noexcept {
  constexpr std::errc k_failures[] = {std::errc::connection_reset, std::errc::broken_pipe, std::errc::no_buffer_space,
                                      std::errc::not_enough_memory};
  return std::any_of(std::begin(k_failures), std::end(k_failures),
                     [this](std::errc each) { return write_error_ == each || read_error_ == each; });
}

std::string one_way::judge(bool must_be_whole, bool is_believed, soak_account& account) const {
  account.written += written_;
  account.read += read_;
  ++(is_whole() ? account.whole : account.cut);
  const std::string where = " (of " + std::to_string(size_) + ": " + std::to_string(handed_) + " handed over, " +
                            std::to_string(written_) + " written [" + write_error_.message() + "], " +
                            std::to_string(read_) + " read [" + read_error_.message() + "])";
  if (wrong_at_ != ~std::size_t{0}) return "byte " + std::to_string(wrong_at_) + " is not the one written" + where;
  if (read_ > handed_) return "more was read than written" + where;
  if (is_believed && is_whole() && read_ != size_) return "an end before the end" + where;
  if (must_be_whole && !is_whole()) return "cut off, and nothing has happened" + where;
  return "";
}

// --- The conversation.

namespace {

class conversation {
 public:
  conversation(soaked_pair pair, std::uint64_t seed, soak_account& account, const soak_pace& pace)
      : pair_(std::move(pair.ends)),
        end_between_(std::move(pair.end_between)),
        random_(static_cast<unsigned>(mixed(seed))),
        account_(account),
        pace_(pace),
        turn_(static_cast<turn_of_events>(random_() % k_turns_of_events)),
        has_answer_(random_() % 2 == 0),
        there_(mixed(seed ^ 1), 1 + random_() % pace.most_bytes),
        back_(mixed(seed ^ 2), has_answer_ ? 1 + random_() % pace.most_bytes : 0),
        happens_at_(random_() % pace.most_bytes) {}

  void run() {
    raise_to(account_.most_live, ++account_.live);
    auto writer = spawn([this, random = fresh()] { there_.write(pair_.far, random, account_); });
    join_handle<void> answers, hears;
    if (has_answer_) {
      answers = spawn([this, random = fresh()] { back_.write(pair_.near, random, account_); });
      hears = spawn([this, random = fresh()] { back_.read(pair_.far, random, account_, pace_, [](std::size_t) {}); });
    }
    there_.read(pair_.near, fresh(), account_, pace_, [&](std::size_t so_far) {
      if (so_far >= happens_at_) happen(writer);
    });
    join(writer);
    if (has_answer_) {
      join(answers);
      join(hears);
    }
    const bool has_failed = end_all() || is_cut_between() || there_.has_failed() || back_.has_failed();
    --account_.live;
    judge(has_failed);
  }

 private:
  std::minstd_rand fresh() { return std::minstd_rand(random_() | 1); }

  static void join(join_handle<void>& of) {
    try {
      of.join();
    } catch (const std::system_error&) {  // asked to end
    }
  }

  void happen(join_handle<void>& writer) {
    if (has_happened_ && !is_gentle()) return;
    has_happened_ = true;
    std::error_code ec;
    switch (turn_) {
      case turn_of_events::nothing: return;
      case turn_of_events::read_deadlines: return pair_.near.set_read_deadline(10us, ec);
      case turn_of_events::write_deadlines: return pair_.far.set_write_deadline(10us, ec);
      case turn_of_events::cancel: return static_cast<void>(writer.request_stop());
      case turn_of_events::near_close: return pair_.near.close();
      case turn_of_events::far_close: return pair_.far.close();
      case turn_of_events::break_off: return pair_.break_far();
    }
  }

  [[nodiscard]] bool is_gentle() const noexcept { return turn_ <= turn_of_events::write_deadlines; }

  // True: what was between the two had failed.
  [[nodiscard]] bool end_all() {
    if (!end_between_) return false;
    pair_.near.close();
    pair_.far.close();
    return end_between_();
  }

  // Who passes on cannot tell of a fault that met his very last words, and breaks off: the reader hears of that alone.
  [[nodiscard]] bool is_cut_between() const noexcept {
    return end_between_ && (there_.is_cut_off() || back_.is_cut_off());
  }

  [[nodiscard]] bool is_whole() const noexcept { return there_.is_whole() && (!has_answer_ || back_.is_whole()); }

  void judge(bool has_failed) {
    ++account_.conversations[static_cast<unsigned>(turn_)];
    if (has_answer_ && is_gentle()) ++account_.half_closed;
    const bool nothing_happened = is_gentle() || !has_happened_;
    if (nothing_happened && has_failed && !is_whole()) ++account_.failed;
    for (const one_way* each : {&there_, &back_}) {
      if (each == &back_ && !has_answer_) continue;
      const std::string wrong = each->judge(nothing_happened && !has_failed, !has_failed, account_);
      if (!wrong.empty())
        account_.complain(std::string(k_names_of_turns[static_cast<unsigned>(turn_)]) +
                          (each == &back_ ? ", the answer: " : ": ") + wrong);
    }
  }

  stream_pair pair_;
  std::function<bool()> end_between_;
  std::minstd_rand random_;
  soak_account& account_;
  const soak_pace& pace_;
  const turn_of_events turn_;
  const bool has_answer_;
  one_way there_, back_;
  const std::size_t happens_at_;
  bool has_happened_ = false;
};

}  // namespace

void converse(soaked_pair pair, std::uint64_t seed, soak_account& account, const soak_pace& pace) {
  conversation(std::move(pair), seed, account, pace).run();
}

}  // namespace weft::testing
