// Room: tests. A simulation and its clock, as the documentation shows them.
#include <weft/weft.hpp>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

// Which of three comes first is up to the seed.
static std::string order_of(std::uint64_t seed) {
  std::string order;
  weft::simulate({.seed = seed}, [&] {
    weft::wait_group all;
    for (const char name : {'a', 'b', 'c'}) {
      all.add(1);
      weft::go([&, name] {
        order += name;
        all.done();
      });
    }
    all.wait();
  });
  return order;
}

static void virtual_time() {
  const auto begin = std::chrono::steady_clock::now();
  weft::simulate({.seed = 42}, [] {
    auto now = weft::clock::now();
    weft::this_fiber::sleep_for(1h);
    std::cout << "slept an hour: " << (weft::clock::now() - now >= 1h) << '\n';
  });
  std::cout << "of virtual time: " << (std::chrono::steady_clock::now() - begin < 1min) << '\n';
}

static void found() {
  try {
    weft::simulate({.seed = 42}, [] {
      weft::channel<int> nobody_sends;
      nobody_sends.recv();
    });
  } catch (const weft::deadlock&) {
    std::cout << "a deadlock is found\n";
  }
}

int main() {
  std::cout << std::boolalpha;
  virtual_time();
  bool differs = false, replays = true;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    differs = differs || order_of(seed) != order_of(1);
    replays = replays && order_of(seed) == order_of(seed);
  }
  std::cout << "seeds differ: " << differs << ", each replays: " << replays << '\n';
  found();
}
