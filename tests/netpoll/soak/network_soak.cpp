// Room: tests of netpoll. The network soak: thousands of conversations at once, of every kind of stream, for so long.
//
//   network_soak [--seconds N] [--connections N] [--seed N] [--kinds KIND,...]     60, 1,000, WEFT_SEED or fresh, all
//
// Two rounds: a short one, after which what the process keeps for itself is there, and a long one, after which there is
// no fiber, timer, descriptor or thread more, nor more heap than what threads keep for themselves. System calls are
// interrupted, cut short, refused, reset, and short of descriptors, as the seed draws it. Says what it did, and exits
// with 1 if a byte was lost, or anything is left.

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <faults.hpp>
#include <weft/runtime/dump.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "live_counts.hpp"
#include "soak/conversation.hpp"
#include "soak/soaked_kinds.hpp"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;
using net::detail::fault;

struct soak_plan {
  unsigned long long seconds = 60, connections = 1000, seed = 0;
  std::vector<soaked_kind> kinds;

  // Of all kinds together.
  [[nodiscard]] unsigned weight() const {
    return std::accumulate(kinds.begin(), kinds.end(), 0u, [](unsigned sum, auto& kind) { return sum + kind.weight; });
  }
};

[[noreturn]] void refuse(const std::string& why) {
  std::cerr << "network_soak: " << why
            << "; usage: network_soak [--seconds N] [--connections N] [--seed N] [--kinds KIND,...]\n";
  std::exit(2);
}

unsigned long long number_of(std::string_view name, const char* text) {
  char* end = nullptr;
  const unsigned long long n = text != nullptr ? std::strtoull(text, &end, 10) : 0;
  if (text == nullptr || *text == '\0' || *end != '\0' || n == 0)
    refuse(std::string(name) + " wants a number above 0, not '" + (text != nullptr ? text : "") + "'");
  return n;
}

std::vector<soaked_kind> kinds_of(const char* text) {
  std::vector<soaked_kind> chosen;
  std::istringstream names(text != nullptr ? text : "");
  for (std::string name; std::getline(names, name, ',');) {
    const auto* const found = std::find_if(std::begin(k_soaked_kinds), std::end(k_soaked_kinds),
                                           [&name](const soaked_kind& kind) { return kind.name == name; });
    if (found == std::end(k_soaked_kinds)) refuse("there is no kind '" + name + "'");
    chosen.push_back(*found);
  }
  if (chosen.empty()) refuse("--kinds wants one at least");
  return chosen;
}

soak_plan plan_of(int argc, char** argv) {
  soak_plan plan;
  plan.kinds.assign(std::begin(k_soaked_kinds), std::end(k_soaked_kinds));
  const char* const given = std::getenv("WEFT_SEED");
  plan.seed = given != nullptr ? number_of("WEFT_SEED", given) : std::random_device()() + 1ull;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--seconds")
      plan.seconds = number_of(name, argv[i + 1]);
    else if (name == "--connections")
      plan.connections = number_of(name, argv[i + 1]);
    else if (name == "--seed")
      plan.seed = number_of(name, argv[i + 1]);
    else if (name == "--kinds")
      plan.kinds = kinds_of(argv[i + 1]);
    else
      refuse("there is no option '" + std::string(name) + "'");
  }
  return plan;
}

// As many as the process may have descriptors for.
unsigned long long connections_within_limit(const soak_plan& plan) {
  double of_a_connection = 0;
  for (const soaked_kind& kind : plan.kinds) of_a_connection += kind.weight * kind.descriptors;
  of_a_connection /= plan.weight();
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto most =
      static_cast<unsigned long long>(static_cast<double>(limit.rlim_cur - 200) / std::max(of_a_connection, 0.1));
  if (most >= plan.connections) return plan.connections;
  std::cout << "network_soak: " << most << " connections: " << limit.rlim_cur
            << " descriptors are all that may be open\n";
  return most;
}

// --- What is there.

struct belongings {
  detail::counts live;
  std::ptrdiff_t descriptors = 0;
  long threads = 0;
  std::size_t heap = 0;
};

long threads_now() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (long n = 0; word == "Threads:" && status >> n) return n;
  return 0;
}

belongings what_is_there() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return {detail::live_counts(), std::distance(begin(all), end(all)), threads_now(), ::mallinfo2().uordblks};
}

// Threads that have ended gave back what they kept; those that are left keep some freed pieces each.
constexpr std::size_t k_heap_slack = 256 << 10;

bool is_nothing_more(const belongings& before, const belongings& after) {
  bool is_well = true;
  const auto expect = [&is_well](const char* what, auto was, auto is, auto slack) {
    if (is <= was + slack) return;
    std::cout << "network_soak: " << what << " left: " << is << ", before " << was << '\n';
    is_well = false;
  };
  expect("fibers", 0u, after.live.fibers, 0u);
  expect("stacks", 0u, after.live.stacks, 0u);
  expect("timers", 0u, after.live.timers, 0u);
  expect("descriptors", before.descriptors, after.descriptors, 0);
  expect("threads", before.threads, after.threads, 0);
  expect("bytes of heap", before.heap, after.heap, k_heap_slack);
  return is_well;
}

// --- One round.

soak_lane begin_lane(const soaked_kind& kind) {
  for (;;) {
    try {
      return kind.begin_lane();
    } catch (const std::system_error& shortage) {  // as below
      this_fiber::sleep_for(1ms);
    }
  }
}

// Connections come and go, as many at once as the limit of the group.
void run_lane(const soaked_kind& kind, std::size_t most, std::uint64_t seed, std::atomic<std::uint64_t>& held,
              soak_account& account, const soak_pace& pace) {
  const soak_lane next = begin_lane(kind);
  task_group group;
  group.set_limit(most);
  while (!account.is_over) {
    try {
      group.go([pair = next(), seed = ++seed, &held, &account, &pace]() mutable {
        converse(std::move(pair), seed, account, pace);
        ++held;
      });
    } catch (const std::system_error& shortage) {  // drawn, or real: the next one may be had
      this_fiber::sleep_for(1ms);
    }
  }
  group.wait();
}

void run_round(const soak_plan& plan, std::chrono::seconds length, soak_account& account) {
  constexpr std::size_t k_lanes = 8;  // of each kind
  // So many reads each second and no more, of all readers together: the machine is busy, and not choked.
  const soak_pace pace{std::chrono::microseconds(plan.connections * 40), 40'000};
  weft::run(options{.seed = plan.seed}, [&] {
    task_group all;
    std::uint64_t lane = 0;
    for (std::size_t k = 0; k < plan.kinds.size(); ++k) {
      const soaked_kind& kind = plan.kinds[k];
      const std::size_t most = std::max<std::size_t>(1, plan.connections * kind.weight / (plan.weight() * k_lanes));
      for (std::size_t i = 0; i < k_lanes; ++i)
        all.go([&, k, most, seed = plan.seed + (++lane << 32)] {
          run_lane(kind, most, seed, account.of_kind[k], account, pace);
        });
    }
    this_fiber::sleep_for(length);
    account.is_over = true;
    try {
      with_timeout(120s, [&] { all.wait(); });
    } catch (const timed_out&) {
      std::cout << "network_soak: after 120 s there are conversations that do not end\n";
      dump(std::cout);
      std::cout.flush();
      std::_Exit(1);
    }
  });
}

std::uint64_t print_of(const soak_plan& plan, const soak_account& account) {
  std::uint64_t all = 0;
  std::cout << "network_soak: ";
  for (unsigned i = 0; i < k_turns_of_events; ++i) {
    std::cout << (i != 0 ? ", " : "") << account.conversations[i] << ' ' << k_names_of_turns[i];
    all += account.conversations[i];
  }
  std::cout << "\nnetwork_soak: ";
  for (std::size_t k = 0; k < plan.kinds.size(); ++k)
    std::cout << (k != 0 ? ", " : "") << account.of_kind[k] << " of " << plan.kinds[k].name;
  std::cout << "\nnetwork_soak: " << all << " conversations, " << account.most_live
            << " at once; ways: " << account.whole << " whole, " << account.cut << " cut; bytes: " << account.written
            << " written, " << account.read << " read; calls that a deadline ended: " << account.timed_out
            << "; cut off by a fault: " << account.failed << '\n';
  return all;
}

int soak(soak_plan plan) {
  plan.connections = connections_within_limit(plan);
  std::cout << "network_soak: " << plan.seconds << " s, " << plan.connections << " connections, --seed " << plan.seed
            << std::endl;
  const net::detail::fault_injection faults({.seed = plan.seed,
                                             .interrupted = 10,
                                             .short_transfer = 100,
                                             .reset = 1,
                                             .exhausted = 2,
                                             .aborted = 2,
                                             .unwatched = 2,
                                             .refused = 1});
  const auto warm_up = std::chrono::seconds(std::max(1ull, plan.seconds / 6));
  soak_account first, second;
  run_round(plan, warm_up, first);
  const belongings before = what_is_there();
  plan.seed += 1;
  run_round(plan, std::chrono::seconds(plan.seconds) - warm_up, second);
  const belongings after = what_is_there();
  print_of(plan, first);
  bool is_well = print_of(plan, second) != 0;
  for (const soak_account* each : {&first, &second})
    for (const std::string& what : each->complaints()) {
      std::cout << "network_soak: " << what << '\n';
      is_well = false;
    }
  const std::uint64_t that_cut = faults.injected(fault::reset) + faults.injected(fault::refused);
  if (first.failed + second.failed > that_cut) {
    std::cout << "network_soak: more conversations failed than there were faults\n";
    is_well = false;
  }
  is_well &= is_nothing_more(before, after);
  std::cout << "network_soak: " << (is_well ? "passed" : "FAILED")
            << "; injected: " << faults.injected(fault::interrupted) << " interruptions, "
            << faults.injected(fault::short_transfer) << " short transfers, " << faults.injected(fault::exhausted)
            << " shortages, " << faults.injected(fault::reset) << " resets, " << faults.injected(fault::refused)
            << " refusals; heap " << before.heap << " then " << after.heap << " bytes, threads " << before.threads
            << " then " << after.threads << '\n';
  return is_well ? 0 : 1;
}

}  // namespace
}  // namespace weft::testing

int main(int argc, char** argv) { return weft::testing::soak(weft::testing::plan_of(argc, argv)); }
