#pragma once
// Room: tests of netpoll. One conversation of the network soak: bytes that tell their own position, one way or both,
// through readers that are slow, and something that happens in the middle of it. Every byte is accounted for: a way
// that came to its end has brought all, one that was cut off the beginning, and one to which nothing happened came to
// its end. A fault that the system calls draw (a reset, a refusal) is something that happens, too: one of the two ends
// is told, or who passes on between them; and there are no more conversations of that kind than faults.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <weft/runtime/spawn.hpp>

#include "soak/soaked_pair.hpp"

namespace weft::testing {

// What may happen. Deadlines end calls, and the way goes on; the others cut the conversation off.
enum class turn_of_events : unsigned {
  nothing,
  read_deadlines,
  write_deadlines,
  cancel,
  near_close,
  far_close,
  break_off
};
inline constexpr unsigned k_turns_of_events = 7;
inline constexpr const char* k_names_of_turns[k_turns_of_events] = {
    "undisturbed", "deadlines of reads", "deadlines of writes", "cancelled", "closed here", "closed there", "reset"};

// Of all conversations. Any thread.
struct soak_account {
  std::atomic<std::uint64_t> conversations[k_turns_of_events] = {};
  std::atomic<std::uint64_t> of_kind[k_most_soaked_kinds] = {};
  std::atomic<std::uint64_t> written{0}, read{0};           // bytes
  std::atomic<std::uint64_t> whole{0}, cut{0};              // ways
  std::atomic<std::uint64_t> timed_out{0}, half_closed{0};  // calls; conversations that went on one way
  std::atomic<std::uint64_t> failed{0};                     // conversations that a fault, drawn or real, has cut off
  std::atomic<std::uint64_t> live{0}, most_live{0};
  std::atomic<bool> is_over{false};  // readers are slow no more

  void complain(const std::string& what);
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> complaints_;  // guarded by mutex_; the first ten
};

// How slow, and how long.
struct soak_pace {
  std::chrono::microseconds between_reads{0};  // on average, of a slow reader
  std::size_t most_bytes = 0;                  // of a way
};

// One way: who writes numbers the bytes, who reads looks at each.
class one_way {
 public:
  one_way(std::uint64_t id, std::size_t size) noexcept : id_(id), size_(size) {}

  // Until the end, or an error. Each in a fiber of its own.
  void write(net::any_stream& to, std::minstd_rand random, soak_account& account);
  void read(net::any_stream& from, std::minstd_rand random, soak_account& account, const soak_pace& pace,
            const std::function<void(std::size_t)>& reached);

  // When both have ended. An end is believed of a stream that has not failed. Empty: all is well.
  [[nodiscard]] std::string judge(bool must_be_whole, bool is_believed, soak_account& account) const;

  // When both have ended.
  [[nodiscard]] bool is_whole() const noexcept { return has_seen_end_ && has_ended_writing_; }
  // The same: one of them was told that the stream is broken, or that something has run out.
  [[nodiscard]] bool has_failed() const noexcept;
  // The same: the stream said that it has no end, and all that was written has come.
  [[nodiscard]] bool is_cut_off() const noexcept {
    return read_ == written_ && std::string_view(read_error_.category().name()) == "weft.tls";
  }

 private:
  [[nodiscard]] std::byte byte_at(std::size_t position) const noexcept;
  bool has_more_time(net::any_stream& to, soak_account& account);

  const std::uint64_t id_;
  const std::size_t size_;
  // The writer's, and the reader's, until they have ended.
  std::size_t handed_ = 0, written_ = 0, read_ = 0;
  bool has_ended_writing_ = false, has_seen_end_ = false;
  std::size_t wrong_at_ = ~std::size_t{0};
  std::error_code write_error_, read_error_;
};

// From its beginning to its end, on the calling fiber and some of its own.
void converse(soaked_pair pair, std::uint64_t seed, soak_account& account, const soak_pace& pace);

}  // namespace weft::testing
