// Dining philosophers: each takes both forks by one scoped_lock, or by std::lock, so that nobody starves in a circle.

#include <array>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

constexpr int k_philosophers = 5, k_meals = 200;

struct table {
  std::array<std::mutex, k_philosophers> forks;
  std::array<int, k_philosophers> uses{};  // each guarded by its fork
  std::recursive_mutex voice;
  std::vector<int> meals = std::vector<int>(k_philosophers);
};

void announce(table& at, int who) {
  const std::lock_guard<std::recursive_mutex> lock(at.voice);
  ++at.meals[who];
}

void eat(table& at, int who, int left, int right) {
  ++at.uses[left];
  ++at.uses[right];
  const std::scoped_lock speaking(at.voice);
  announce(at, who);
}

void dine(table& at, int who) {
  const int left = who, right = (who + 1) % k_philosophers;
  for (int meal = 0; meal < k_meals; ++meal) {
    if (who % 2 == 0) {
      const std::scoped_lock both(at.forks[left], at.forks[right]);
      eat(at, who, left, right);
    } else {
      std::unique_lock<std::mutex> first(at.forks[right], std::defer_lock);
      std::unique_lock<std::mutex> second(at.forks[left], std::defer_lock);
      std::lock(first, second);
      eat(at, who, left, right);
    }
    if (meal % 10 == 0) std::this_thread::yield();
  }
}

int main() {
  table at;
  std::vector<std::thread> philosophers;
  for (int who = 0; who < k_philosophers; ++who) philosophers.emplace_back(dine, std::ref(at), who);
  for (std::thread& philosopher : philosophers) philosopher.join();

  for (int who = 0; who < k_philosophers; ++who)
    std::cout << "philosopher " << who << ": " << at.meals[who] << " meals; fork " << who << ": " << at.uses[who]
              << " uses\n";
  if (std::try_lock(at.forks[0], at.forks[1]) == -1) {
    std::cout << "the forks are back\n";
    std::lock_guard<std::mutex> first(at.forks[0], std::adopt_lock), second(at.forks[1], std::adopt_lock);
  }
  return 0;
}
