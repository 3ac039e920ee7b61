#pragma once
// Room: runtime. Who a fiber is: id, name, and where it was spawned. Written by its spawner, and read by dumps on any
// thread while the block may be on its way to another fiber: a reader gets all of one fiber's, or nothing.
//
// "Labelling"   spawner                             reader
//   L1 id = 0                                       R1 read id; 0: nothing
//   L2 name and site                                R2 read name and site
//   L3 id = the new one                             R3 id is another one: nothing
// Each store of L2 is a release and each load of R2 an acquire: who reads anything of L2 sees L1 at R3. On x86 all of
// them are plain moves.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <weft/runtime/spawn_site.hpp>

namespace weft::detail {

class fiber_label {
 public:
  struct copy {
    std::uint64_t id = 0;
    std::array<char, 24> name{};  // ends in 0, and is empty if the fiber has none
    source_site site;
  };

  // The spawner, of a block that is free. The first 23 bytes of the name are kept.
  void set(std::uint64_t id, std::string_view name, const source_site& site) noexcept {
    // relaxed: L1, ordered by the releases below.
    id_.store(0, std::memory_order_relaxed);
    std::array<char, 24> bytes{};
    std::copy_n(name.begin(), std::min(name.size(), bytes.size() - 1), bytes.begin());
    for (std::size_t i = 0; i < name_.size(); ++i) {
      std::uint64_t word;
      std::memcpy(&word, &bytes[i * sizeof word], sizeof word);
      name_[i].store(word, std::memory_order_release);  // release: L2, pairs with R2
    }
    const bool is_in_file = site.file != nullptr;
    // release: L2, as above and below.
    place_.store(is_in_file ? site.file : site.address, std::memory_order_release);
    line_.store(is_in_file ? site.line : k_no_line, std::memory_order_release);
    id_.store(id, std::memory_order_release);  // release: L3, all of L2; pairs with R1
  }

  // relaxed: for whoever knows that the fiber lives.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_.load(std::memory_order_relaxed); }

  // Any thread. False: the block is being given to a fiber just now.
  [[nodiscard]] bool read(copy& to) const noexcept {
    to.id = id_.load(std::memory_order_acquire);  // acquire: R1, pairs with L3
    for (std::size_t i = 0; i < name_.size(); ++i) {
      const std::uint64_t word = name_[i].load(std::memory_order_acquire);  // acquire: R2, pairs with L2
      std::memcpy(&to.name[i * sizeof word], &word, sizeof word);
    }
    const void* const place = place_.load(std::memory_order_acquire);  // acquire: R2, as above and below
    const std::uint32_t line = line_.load(std::memory_order_acquire);
    to.site = line != k_no_line ? source_site{static_cast<const char*>(place), line, nullptr}
                                : source_site{nullptr, 0, place};
    return to.id != 0 && id_.load(std::memory_order_relaxed) == to.id;  // relaxed: R3, after the acquires
  }

 private:
  static constexpr std::uint32_t k_no_line = 0xffff'ffff;

  std::atomic<std::uint64_t> id_{0};
  std::array<std::atomic<std::uint64_t>, 3> name_{};
  std::atomic<const void*> place_{nullptr};  // the file; without a line, the address
  std::atomic<std::uint32_t> line_{k_no_line};
};

}  // namespace weft::detail
