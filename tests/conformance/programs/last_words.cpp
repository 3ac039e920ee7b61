// Detached threads of which one is known to have ended, its locals included: it notifies by its end.

#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>

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

int main() {
  for (int id = 1; id <= 3; ++id) {
    std::thread(speak, id).detach();
    std::unique_lock<std::mutex> lock(mutex);
    ended.wait(lock, [id] { return over == id; });
    std::cout << "and has ended\n";
  }
  return 0;
}
