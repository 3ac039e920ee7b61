// Room: bench. The limit for growth.cpp: a bare loop that touches one page of as many stacks as that has fibers, twice
// (as a spawn and a wake do), first when they are fresh and again when they are there.
//
//   touched_stacks [stacks [stack size [times]]]          default 1,000,000, 256 KiB (weft's default), again 1 time
#include <chrono>
#include <cstddef>
#include <new>
#include <vector>

#include <sys/mman.h>

#include "figures.hpp"

namespace {

using std::chrono::steady_clock;

constexpr std::size_t k_reservation = std::size_t{64} << 20;
constexpr std::size_t k_cache_line = 64;
constexpr std::size_t k_colours = 64;

// Where the stacks begin to grow down from, at another cache line of the page each, as weft's do.
std::vector<std::byte*> reserve(std::size_t stacks, std::size_t size) {
  std::vector<std::byte*> tops;
  while (tops.size() < stacks) {
    void* base =
        ::mmap(nullptr, k_reservation, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) throw std::bad_alloc();
    ::madvise(base, k_reservation, MADV_NOHUGEPAGE);
    auto* const begin = static_cast<std::byte*>(base);
    for (std::size_t end = size; end <= k_reservation && tops.size() < stacks; end += size)
      tops.push_back(begin + end - k_cache_line * (1 + tops.size() % (k_colours - 1)));
  }
  return tops;
}

double touch_ns(const std::vector<std::byte*>& tops, std::size_t times) {
  const auto begin = steady_clock::now();
  for (std::size_t pass = 0; pass < 2 * times; ++pass)
    for (std::byte* top : tops) *static_cast<volatile std::byte*>(top) = std::byte{1};
  return figures::in_us(steady_clock::now() - begin) * 1e3 / static_cast<double>(tops.size() * times);
}

}  // namespace

int main(int argc, char** argv) {
  return figures::report("touched_stacks", [&] {
    const std::size_t stacks = figures::argument(argc, argv, 1, "the number of stacks", 1'000'000);
    const std::size_t size = figures::argument(argc, argv, 2, "the stack size", std::size_t{256} << 10);
    const std::size_t times = figures::argument(argc, argv, 3, "the number of times", 1);
    if (size < 4096 || size > k_reservation) throw std::invalid_argument("the stack size is from 4096 to 64 MiB");
    const std::vector<std::byte*> tops = reserve(stacks, size);
    figures::line out;
    out.add("first_ns", touch_ns(tops, 1));
    out.add("again_ns", touch_ns(tops, times));
  });
}
