// Room: tests. Select and the channel operations, as the documentation shows them.
#include <weft/weft.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;  // does not capture POSIX's select

struct job {
  int number;
};

static std::string with_handlers(const weft::channel<job>& jobs, const weft::channel<int>& results, int value) {
  std::string did;
  const auto index = weft::select(
      weft::recv(jobs, [&](std::optional<job> j) { did = j ? "job " + std::to_string(j->number) : "closed"; }),
      weft::send(results, value, [&] { did = "sent"; }),
      weft::after(1s, [&] { did = "nothing for a second"; }),
      weft::otherwise([&] { did = "nothing ready now"; }));
  return std::to_string(index) + ' ' + did;
}

static int until_closed(const weft::channel<job>& jobs) {
  int sum = 0;
  for (;;) {
    std::optional<job> j;
    switch (weft::select(weft::recv(jobs, j), weft::after(1h))) {
      case 0:
        if (!j) return sum;
        sum += j->number;
        break;
      case 1: return -1;
    }
  }
}

static void handlers() {
  weft::channel<job> jobs(1);
  weft::channel<int> results(1);
  std::cout << with_handlers(nullptr, nullptr, 1) << '\n';
  std::cout << with_handlers(jobs, results, 1) << '\n';
  jobs.send({7});
  std::cout << with_handlers(jobs, results, 1) << '\n';
  jobs.close();
  std::cout << with_handlers(jobs, results, 1) << '\n';
}

static void returns() {
  weft::channel<job> jobs;
  weft::go([jobs] {
    for (int i = 0; i < 59; ++i) jobs.send({i});
    jobs.close();
  });
  std::cout << until_closed(jobs) << '\n';
}

static void cases_known_at_run_time() {
  std::vector<weft::channel<int>> channels(10);
  std::vector<std::optional<int>> got(channels.size());
  std::vector<weft::select_case> cases;
  for (std::size_t i = 0; i < channels.size(); ++i) cases.push_back(weft::recv(channels[i], got[i]));
  weft::go([seventh = channels[6]] { seventh.send(42); });
  const auto index = weft::select(std::span<weft::select_case>(cases));
  std::cout << "case " << index << ": " << got[index].value_or(0) << '\n';
}

static void single_operations() {
  using weft::channel_status;
  weft::channel<std::unique_ptr<int>> ch(1);
  auto value = std::make_unique<int>(1);
  std::cout << (ch.try_send(std::move(value)) == channel_status::ok) << (value == nullptr);
  value = std::make_unique<int>(2);
  std::cout << (ch.try_send(std::move(value)) == channel_status::full) << (value != nullptr);
  std::cout << (ch.send_for(std::move(value), 1ms) == channel_status::timeout) << (value != nullptr) << ch.size()
            << ch.capacity();
  std::cout << (ch.try_recv(value) == channel_status::ok) << *value << (ch.try_recv(value) == channel_status::empty);
  ch.close();
  try {
    ch.send(nullptr);
  } catch (const weft::channel_closed& e) {
    std::cout << ' ' << e.what();
  }
  try {
    weft::channel<int> none = nullptr;
    none.recv();
  } catch (const std::logic_error&) {
    std::cout << ", and none is no channel\n";
  }
}

int main() {
  weft::run([] {
    handlers();
    returns();
    cases_known_at_run_time();
    single_operations();
  });
}
