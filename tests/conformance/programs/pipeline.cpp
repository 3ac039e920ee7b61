// A pipeline of three stages over rings that semaphores guard, begun by a latch; and a stencil in phases of a barrier.

#include <array>
#include <barrier>
#include <iostream>
#include <latch>
#include <mutex>
#include <semaphore>
#include <thread>
#include <vector>

class ring {
 public:
  void put(long value) {
    free_.acquire();
    slots_[put_++ % k_room] = value;
    full_.release();
  }
  long take() {
    full_.acquire();
    const long value = slots_[taken_++ % k_room];
    free_.release();
    return value;
  }

 private:
  static constexpr std::size_t k_room = 4;
  std::counting_semaphore<k_room> free_{k_room}, full_{0};
  std::array<long, k_room> slots_{};
  std::size_t put_ = 0, taken_ = 0;
};

long run_pipeline(int items) {
  ring numbers, squares;
  std::latch everybody_is_there(3);
  std::binary_semaphore done(0);
  long sum = 0;
  std::thread count([&] {
    everybody_is_there.arrive_and_wait();
    for (int n = 1; n <= items; ++n) numbers.put(n);
    numbers.put(-1);
  });
  std::thread square([&] {
    everybody_is_there.count_down();
    everybody_is_there.wait();
    for (long n = numbers.take(); n >= 0; n = numbers.take()) squares.put(n * n);
    squares.put(-1);
  });
  std::thread add([&] {
    everybody_is_there.arrive_and_wait();
    for (long n = squares.take(); n >= 0; n = squares.take()) sum += n;
    done.release();
  });
  done.acquire();
  count.join();
  square.join();
  add.join();
  return sum;
}

// Each cell becomes the sum of its neighbours, a part of them on each thread; the barrier swaps old and new.
long run_stencil(int threads, int phases) {
  std::vector<long> now(60, 1), next(60);
  int completed = 0;
  const auto swap_over = [&]() noexcept {
    now.swap(next);
    for (auto& cell : now) cell %= 1000003;
    ++completed;
  };
  std::barrier<decltype(swap_over)> phase(threads, swap_over);
  const auto work = [&](std::size_t first, std::size_t last) {
    for (int i = 0; i < phases; ++i) {
      for (std::size_t c = first; c < last; ++c)
        next[c] = now[(c + 59) % 60] + 2 * now[c] + now[(c + 1) % 60] + long(c);
      phase.arrive_and_wait();
    }
    phase.arrive_and_drop();
  };
  std::vector<std::jthread> crew;
  const std::size_t share = 60 / std::size_t(threads);
  for (std::size_t t = 0; t < std::size_t(threads); ++t) crew.emplace_back(work, t * share, (t + 1) * share);
  crew.clear();
  long sum = 0;
  for (const long cell : next) sum += cell;  // the last completion swapped once more
  std::cout << completed << " phases; ";
  return sum;
}

int main() {
  std::cout << "pipeline: " << run_pipeline(500) << '\n';
  std::cout << "alone: " << run_stencil(1, 50) << '\n';
  std::cout << "by three: " << run_stencil(3, 50) << '\n';
  std::cout << "by five: " << run_stencil(5, 50) << '\n';
  return 0;
}
