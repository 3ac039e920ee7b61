// Programs that use every room, simulated: the names of std work, and what needs the system is refused.

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <string>

#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;

TEST(simulate_all_rooms, threads_are_fibers) {
  weft::simulate_many({.seed = 1}, 200, [] {
    const auto begin = weft::clock::now();
    weft::mutex m;
    int done = 0;
    const auto work = [&] {
      weft::this_thread::sleep_for(1h);
      const std::scoped_lock held(m);
      ++done;
    };
    weft::thread joined(work);
    weft::thread(work).detach();
    joined.join();
    weft::this_thread::yield();
    weft::this_thread::sleep_until(begin + 2h);
    if (done != 2 || weft::clock::now() != begin + 2h) throw std::logic_error("not what std::thread does");
  });
}

template <class Call>
void expect_refused(const char* name, Call call) {
  weft::simulate({.seed = 1}, [&] {
    try {
      call();
      ADD_FAILURE() << name << " was not refused";
    } catch (const std::logic_error& e) {
      EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("simulation"), std::string::npos) << e.what();
    }
  });
}

TEST(simulate_all_rooms, what_needs_the_system_is_refused) {
  expect_refused("net::listen", [] { (void)weft::net::listen("127.0.0.1:0"); });
  expect_refused("net::dial", [] { (void)weft::net::dial("127.0.0.1:1"); });
  expect_refused("net::resolve", [] { (void)weft::net::resolve("localhost", "80"); });
  expect_refused("signals", [] { (void)weft::signals({SIGUSR1}); });
}

}  // namespace
