// Two programs of the size of an example, as a user of groups and limits would write them: a crawler, and a server that
// asks three replicas and takes the first answer. Only their network is made up.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <support/wait_until.hpp>
#include <weft/runtime/fiber_local.hpp>
#include <weft/runtime/task_group.hpp>
#include <weft/runtime/this_fiber.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "clocked.hpp"

namespace {

using namespace std::chrono_literals;

class programs : public weft::testing::clocked {
 protected:
  // Lets time pass whenever all others wait, until `program` has returned.
  template <class Program>
  auto run_through_time(Program program) {
    auto main = weft::spawn(program);
    std::atomic<bool> is_over{false};
    auto awaits = weft::spawn([&] {
      struct says_so {
        std::atomic<bool>& is_over;
        ~says_so() { is_over = true; }
      } const at_the_end{is_over};
      return main.join();
    });
    while (!is_over) advance_to_the_next_deadline();
    return awaits.join();
  }
};
INSTANTIATE_TEST_SUITE_P(workers, programs, testing::Values(1, 2, 4, 8), weft::testing::name_by_workers);

// --- A crawler: at most four pages at once, two seconds for each, all of it until a failure that is not a page's own.

struct page {
  std::chrono::milliseconds takes;
  std::vector<std::string> links;
};
using web = std::map<std::string, page>;

const page& fetch(const web& all, const std::string& url) {
  const auto found = all.find(url);
  if (found == all.end()) throw std::runtime_error("no such page: " + url);
  weft::this_fiber::sleep_for(found->second.takes);
  return found->second;
}

class crawler {
 public:
  explicit crawler(const web& all) : web_(all) {}

  std::set<std::string> crawl(const std::string& start) {
    weft::task_group group;
    visit(group, start);
    group.wait();
    return slow_;
  }

  std::size_t seen() const { return seen_.size(); }
  int most_at_once() const { return most_; }

 private:
  void visit(weft::task_group& group, const std::string& url) {
    {
      const std::scoped_lock lock(mutex_);
      if (!seen_.insert(url).second) return;
    }
    group.go([this, &group, url] {
      try {
        const page& got = weft::with_timeout(2s, [&]() -> const page& {
          const int now = ++at_once_;
          for (int seen = most_; seen < now && !most_.compare_exchange_weak(seen, now);) {
          }
          struct counted {
            std::atomic<int>& at_once;
            ~counted() { --at_once; }
          } const guard{at_once_};
          return fetch(web_, url);
        });
        for (const std::string& link : got.links) visit(group, link);
      } catch (const weft::timed_out&) {
        const std::scoped_lock lock(mutex_);
        slow_.insert(url);
      }
    });
  }

  const web& web_;
  std::mutex mutex_;  // never held over a switch point
  std::set<std::string> seen_, slow_;
  std::atomic<int> at_once_{0}, most_{0};
};

TEST_P(programs, a_crawler_that_bounds_each_page) {
  run([&] {
    web all{{"/", {10ms, {"/a", "/b", "/slow"}}},
            {"/a", {300ms, {"/", "/b", "/c"}}},
            {"/b", {1900ms, {}}},
            {"/c", {5ms, {"/slow"}}},
            {"/slow", {1h, {"/never"}}}};
    crawler c(all);
    EXPECT_EQ(run_through_time([&] { return c.crawl("/"); }), std::set<std::string>{"/slow"});
    EXPECT_EQ(c.seen(), 5u);
  });
}

TEST_P(programs, a_crawler_that_ends_with_the_first_failure) {
  run([&] {
    web all{{"/", {10ms, {"/slow", "/broken"}}}, {"/slow", {1900ms, {"/late"}}}, {"/late", {1s, {}}}};
    crawler c(all);
    EXPECT_THROW(run_through_time([&] { return c.crawl("/"); }), std::runtime_error);
    EXPECT_EQ(c.seen(), 3u);  // what the slow page links to was not visited
  });
}

// --- A server that asks several replicas, some of them later, takes the first answer and ends the others.

const weft::fiber_local<std::string> g_request(weft::inherited);

std::string ask(int replica, std::chrono::milliseconds takes) {
  weft::this_fiber::sleep_for(takes);
  return *g_request + " by replica " + std::to_string(replica);
}

std::optional<std::string> hedged(const std::vector<std::chrono::milliseconds>& replicas,
                                  std::atomic<int>& unfinished) {
  std::optional<std::string> answer;
  std::mutex mutex;  // never held over a switch point
  weft::task_group group;
  for (std::size_t i = 0; i < replicas.size(); ++i)
    group.go([&, i] {
      ++unfinished;
      struct counted {
        std::atomic<int>& unfinished;
        ~counted() { --unfinished; }
      } const guard{unfinished};
      weft::this_fiber::sleep_for(i * 100ms);  // the later ones only if the earlier ones take long
      std::string got = ask(static_cast<int>(i), replicas[i]);
      const std::scoped_lock lock(mutex);
      if (!answer) answer = std::move(got);
      group.cancel();
    });
  group.wait();
  return answer;
}

TEST_P(programs, a_server_that_takes_the_first_answer_within_its_time) {
  run([&] {
    std::atomic<int> unfinished{0};
    const auto serve = [&](const char* request, const std::vector<std::chrono::milliseconds>& replicas) {
      return run_through_time([&, request] {
        *g_request = request;
        return weft::try_with_timeout(3s, [&] { return *hedged(replicas, unfinished); }).value_or("too late");
      });
    };
    EXPECT_EQ(serve("fast", {50ms, 10ms, 10ms}), "fast by replica 0");
    EXPECT_EQ(serve("hedged", {1h, 1h, 800ms}), "hedged by replica 2");
    EXPECT_EQ(serve("lost", {1h, 1h, 1h}), "too late");
    EXPECT_EQ(unfinished, 0);
  });
}

}  // namespace
