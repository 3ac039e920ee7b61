// Room: tests of clients. See client_support.hpp.

#include "client_support.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>

#include <dlfcn.h>
#include <unistd.h>

#include <weft/posix.hpp>

#include "figures.hpp"

namespace clients {

using namespace std::chrono_literals;

namespace {

// For the crowd, all of which would have one if nobody parked: helpers, and those that fill in for who computes for
// milliseconds, which handshakes do under sanitizers. They stay for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int k_few = k_crowd / 2;
constexpr std::chrono::seconds k_patience = 60s;
#else
constexpr int k_few = k_crowd / 4;
constexpr std::chrono::seconds k_patience = 20s;
#endif

std::atomic<int> g_failures = 0;
std::size_t g_workers = 0;

// One line, whole, from whichever thread.
void say(const std::string& line) {
  const std::string whole = line + '\n';
  if (::write(STDOUT_FILENO, whole.data(), whole.size()) < 0) std::abort();
}

std::string read_line() {
  std::string line;
  char next = 0;
  while (weft::posix::read(STDIN_FILENO, &next, 1) == 1 && next != '\n') line += next;
  return line;
}

}  // namespace

terms::terms(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    if (equals == std::string::npos) throw std::invalid_argument("what is '" + word + "'? expected NAME=VALUE");
    values_[word.substr(0, equals)] = word.substr(equals + 1);
  }
}

const std::string& terms::operator[](const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw std::invalid_argument("nobody told " + name + "=...");
  return found->second;
}

int terms::number(const std::string& name) const { return std::stoi((*this)[name]); }

void fail(const std::string& what) {
  if (g_failures.fetch_add(1) < 5) say("failed " + what);  // two hundred say the same
}

void ask(const std::string& favour) {
  say("ask " + favour);
  if (const std::string line = read_line(); line != "done")
    throw std::runtime_error("asked to " + favour + ", the runner said '" + line + "'");
}

void wait_until(const std::string& what, const std::function<bool()>& is_so) {
  const auto limit = std::chrono::steady_clock::now() + k_patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("did not come in time: " + what);
    weft::this_fiber::sleep_for(2ms);
  }
}

void at_once(int count, const std::function<void(int)>& body) {
  weft::task_group group;
  for (int i = 0; i < count; ++i) group.go([&body, i] { body(i); });
  group.wait();
}

bystanders::bystanders() {
  auto listener = weft::net::listen("127.0.0.1:0");
  const auto where = listener.local_address();
  group_.go([this] { tick(); });
  group_.go([this, listener = std::move(listener)]() mutable { echo(listener); });
  group_.go([this, where] { converse(where); });
}

bystanders::~bystanders() { group_.cancel(); }

void bystanders::tick() {
  for (;; ++ticks_) weft::this_fiber::sleep_for(1ms);
}

void bystanders::echo(weft::net::tcp_listener& listener) {
  auto conn = listener.accept();
  char buffer[64];
  while (const auto size = conn.read_some(buffer)) conn.write_all(std::span(buffer, size));
}

void bystanders::converse(const weft::net::endpoint& with) {
  auto conn = weft::net::dial(with);
  char buffer[8];
  for (;; ++echoes_) {
    conn.write_all("how now?");
    conn.read_exactly(buffer);
    weft::this_fiber::sleep_for(1ms);  // or it were all that a worker does
  }
}

void bystanders::go_on() {
  constexpr long k_while = 20;
  const long ticks = ticks_ + k_while, echoes = echoes_ + k_while;
  wait_until("the others go on", [&] { return ticks_ >= ticks && echoes_ >= echoes; });
}

void expect_few_threads(const std::string& when, int of_the_client) {
  std::size_t threads = 0;
  const auto most = g_workers + static_cast<std::size_t>(k_few + of_the_client);
  const auto few = [&] {
    threads = static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()));
    return threads <= most;
  };
  try {
    wait_until("few threads", few);
  } catch (const std::runtime_error&) {
    fail(std::to_string(threads) + " threads " + when + ", expected " + std::to_string(most) + " at most");
  }
}

namespace {

// What happens to each of them, step by step.
struct stop {
  const std::function<question(int, bool)>& connect;
  std::atomic<int> connected = 0, given_up = 0;
  weft::event has_stopped{};

  void meet(int i) {
    const bool is_patient = i % 2 != 0;
    const question ask_it = connect(i, is_patient);
    ++connected;
    has_stopped.wait();
    ask_it();
    if (!is_patient) ++given_up;
  }
};

}  // namespace

void stop_the_server(bystanders& others, const std::function<question(int, bool)>& connect) {
  stop now{.connect = connect};
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i) crowd.go([&now, i] { now.meet(i); });
  wait_until("all are connected", [&] { return now.connected == k_crowd; });
  ask("pause");
  now.has_stopped.set();
  wait_until("the impatient have given up", [&] { return now.given_up == k_crowd / 2; });
  others.go_on();
  expect_few_threads("while the server is stopped");
  ask("resume");
  crowd.wait();
}

namespace {

std::string_view owner_of(const char* name) {
  Dl_info info{};
  const void* const found = ::dlsym(RTLD_DEFAULT, name);
  return found != nullptr && ::dladdr(found, &info) != 0 ? info.dli_fname : "nobody";
}

// Nothing would be tested if the names were still libc's. The interposer is a library, or in the program.
void expect_interposed() {
  const std::string_view lock = owner_of("pthread_mutex_lock"), interposer = owner_of("weft_interpose_meets");
  expect(lock == interposer, "pthread_mutex_lock is that of " + std::string(lock) + ", the interposer is " +
                                 std::string(interposer) + "'s");
}

// What a race detector is to find, for who asks whether one looks (races.py).
void race() {
  int shared = 0;
  weft::run(weft::options{.workers = 2}, [&] {
    at_once(8, [&](int) {
      for (int n = 0; n < 20; ++n, weft::this_fiber::yield()) ++shared;
    });
  });
}

void run_check(const scenario& of, const terms& told) {
  expect_interposed();
  g_workers = static_cast<std::size_t>(told.number("workers"));
  weft::run(weft::options{.workers = g_workers}, [&] { of.check(told); });
}

}  // namespace

int run(int argc, char** argv, const scenario& of) try {
  const std::string verb = argc > 1 ? argv[1] : "";
  const terms told(argc, argv);
  if (verb == "check")
    run_check(of, told);
  else if (verb == "figures")
    say("figure " + std::to_string(requests_a_second(of, told)));
  else if (verb == "race")
    race();
  else
    throw std::invalid_argument("what is '" + verb + "'? check, figures or race, and NAME=VALUE...");
  return g_failures != 0;
} catch (const std::exception& error) {
  say(std::string("failed ") + error.what());
  return 1;
}

}  // namespace clients
