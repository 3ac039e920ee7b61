// Detached threads of which one is known to have ended, its locals included: by a notification, by the value that it
// promised, by the result of the task that it ran.

#include <condition_variable>
#include <exception>
#include <future>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

std::mutex mutex;
std::condition_variable ended;
int over = 0;

struct last_local {
  ~last_local() { ++over; }  // still under the mutex, which the end of the thread unlocks
};

void speak(int id) {
  std::unique_lock<std::mutex> lock(mutex);
  std::cout << "thread " << id << " speaks\n";
  std::notify_all_at_thread_exit(ended, std::move(lock));
  const last_local mark;
  std::this_thread::yield();
}

// The promise is gone long before it is kept.
void bequeath(std::promise<std::string> will, bool solvent) {
  try {
    if (!solvent) throw std::runtime_error("nothing left");
    will.set_value_at_thread_exit("a house");
    will.set_value("all to the cat");
  } catch (const std::future_error& refused) {
    std::cout << "a will cannot be changed: " << (refused.code() == std::future_errc::promise_already_satisfied)
              << '\n';
  } catch (const std::runtime_error&) {
    will.set_exception_at_thread_exit(std::current_exception());
  }
  const last_local mark;
}

void inherit(bool solvent) {
  std::promise<std::string> will;
  std::future<std::string> heir = will.get_future();
  std::thread(bequeath, std::move(will), solvent).detach();
  std::string legacy;
  try {
    legacy = heir.get();
  } catch (const std::runtime_error& failure) {
    legacy = failure.what();
  }
  std::cout << "the heir gets " << legacy << ", " << over << " are over\n";
}

void deliver() {
  std::packaged_task<int(int)> task([](int n) { return n * n; });
  std::future<int> result = task.get_future();
  std::thread(
      [](std::packaged_task<int(int)> job) {
        job.make_ready_at_thread_exit(12);
        const last_local mark;
      },
      std::move(task))
      .detach();
  const int squared = result.get();
  std::cout << "delivered: " << squared << ", " << over << " are over\n";
}

int main() {
  for (int id = 1; id <= 3; ++id) {
    std::thread(speak, id).detach();
    std::unique_lock<std::mutex> lock(mutex);
    ended.wait(lock, [id] { return over == id; });
    std::cout << "and has ended\n";
  }
  inherit(true);
  inherit(false);
  deliver();
  return 0;
}
