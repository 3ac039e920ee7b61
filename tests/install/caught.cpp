// Room: tests. What the library throws is caught by its type, wherever that was compiled.
#include <weft/weft.hpp>
#include <iostream>

using namespace std::chrono_literals;

template <class Exception, class F>
static void caught(const char* what, F f) {
  try {
    f();
    std::cout << what << ": nothing\n";
  } catch (const Exception&) {
    std::cout << what << ": by its type\n";
  } catch (...) {
    std::cout << what << ": as something else\n";
  }
}

int main() {
  weft::run([] {
    weft::channel<int> ch(1);
    ch.close();
    caught<weft::channel_closed>("send", [&] { ch.send(1); });
    caught<std::runtime_error>("send, as std's", [&] { ch.send(1); });
    caught<weft::timed_out>("limit", [] { weft::with_timeout(1ms, [] { weft::this_fiber::sleep_for(1h); }); });
    weft::latch begun(1);
    auto sleeper = weft::spawn([&] {
      try {
        begun.count_down();
        weft::this_fiber::sleep_for(1h);
      } catch (...) {
        caught<weft::cancelled>("cancelled", [] { throw; });
        throw;
      }
    });
    begun.wait();
    sleeper.request_stop();
    caught<std::system_error>("join", [&] { sleeper.join(); });
    caught<weft::future_error>("future", [] { weft::future<int>().get(); });
    caught<std::system_error>("parse", [] { (void)weft::net::endpoint::parse("nonsense"); });
  });
  caught<weft::deadlock>("deadlock", [] {
    weft::simulate({.seed = 1}, [] { weft::channel<int>().recv(); });
  });
  caught<weft::simulation_failed>("series", [] { weft::simulate_many(1, [] { throw 7; }); });
}
