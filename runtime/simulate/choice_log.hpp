#pragma once
// Room: runtime. The last choices of a simulation: which fiber went on, and from which call. It owns the words, and the
// look at a fiber that is about to go on; the choice is simulation.hpp's.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fiber_label.hpp"

namespace weft::detail {

struct fiber_block;

class choice_log {
 public:
  // Of the last `most`; 0: keeps none, and costs nothing.
  explicit choice_log(std::size_t most) : most_(most) {}

  // One that was drawn, before it goes on.
  void note(const fiber_block& next);

  // What comes now is the unwinding.
  void close() noexcept { is_closed_ = true; }

  // A line for each, the latest last; empty if none is kept.
  [[nodiscard]] std::string in_words() const;

 private:
  // Enough to come from a switch out of weft.
  static constexpr std::size_t k_frames = 16;

  struct choice {
    fiber_label::copy who;
    bool begins = false;
    const char* waited_for = nullptr;
    std::array<const void*, k_frames> frames{};
    std::size_t frame_count = 0;
  };
  [[nodiscard]] static std::string in_words(const choice& of);

  const std::size_t most_;
  bool is_closed_ = false;
  std::uint64_t noted_ = 0;
  std::vector<choice> kept_;  // a ring, once there are `most_`
};

}  // namespace weft::detail
