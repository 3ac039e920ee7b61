// Room: tests. What weft.hpp says that it brings of std, used by a program that includes nothing else. It need not run.

#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;

struct shared_with_itself : std::enable_shared_from_this<shared_with_itself> {};

// <chrono>: what its signatures speak of.
[[maybe_unused]] bool times() {
  const std::chrono::steady_clock::time_point until = std::chrono::steady_clock::now() + 10ms;
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(2h + 1.5s);
  const std::chrono::system_clock::time_point today = std::chrono::system_clock::now();
  return until < std::chrono::time_point<std::chrono::steady_clock>::max() && minutes.count() == 120 &&
         std::chrono::floor<std::chrono::seconds>(today) <= today;
}

// <functional>.
[[maybe_unused]] bool functions(int number) {
  const std::function<int(int)> same = [](int n) { return n; };
  const std::reference_wrapper<int> by_name = std::ref(number);
  const std::size_t mixed = std::hash<std::string>()("weft") ^ std::hash<int>()(1) ^ std::hash<weft::fiber_id>()({});
  return std::less<>()(same(1), std::cref(number).get()) && std::equal_to<int>()(by_name, number) &&
         std::plus<>()(mixed, mixed) != 1;
}

// <memory>.
[[maybe_unused]] bool pointers() {
  const std::unique_ptr<int> one = std::make_unique<int>(1);
  const std::shared_ptr<int> two = std::make_shared<int>(2);
  const std::weak_ptr<int> watched = two;
  const auto constant = std::static_pointer_cast<const int>(two);
  return *one < *constant && !watched.expired() &&
         std::make_shared<shared_with_itself>()->shared_from_this() != nullptr && std::addressof(*one) == one.get();
}

// The whole of the rest.
[[maybe_unused]] bool others(std::stop_token stop) {
  std::array<std::uint8_t, 3> bytes{1, 2, 3};
  std::atomic<std::size_t> count{std::span(bytes).size()};
  std::vector<std::optional<std::string>> texts(count, std::to_string(std::abs(-1)));
  std::mutex m;
  const std::scoped_lock held(m);
  try {
    throw std::system_error(std::make_error_code(std::errc::timed_out));
  } catch (const std::exception&) {
    std::exit(stop.stop_requested() ? EXIT_SUCCESS : static_cast<int>(texts.size()));
  }
}

}  // namespace
