// Room: tests. What std has for threads, on fibers, as the documentation shows it.
#include <weft/weft.hpp>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

static void every_kind() {
  weft::mutex m;  weft::shared_mutex rw;  weft::condition_variable cv;  weft::counting_semaphore<8> slots{8};
  weft::latch l{3};  weft::barrier b{3};  weft::once_flag once;  weft::wait_group wg;
  int entered = 0, initialised = 0, seen = 0;
  bool all_in = false;
  for (int i = 0; i < 3; ++i) {
    wg.add(1);
    weft::go([&] {
      weft::call_once(once, [&] { ++initialised; });
      slots.acquire();
      b.arrive_and_wait();
      {
        const std::unique_lock write(rw);
        ++entered;
      }
      {
        const std::shared_lock read(rw);
        if (entered > 0) l.count_down();
      }
      l.wait();
      {
        std::scoped_lock lock(m);
        all_in = entered == 3;
      }
      cv.notify_all();
      slots.release();
      wg.done();
    });
  }
  {
    std::unique_lock lock(m);
    cv.wait(lock, [&] { return all_in; });
    seen = entered;
  }
  wg.wait();
  std::cout << seen << " entered, initialised " << initialised << " time\n";
}

static void threads() {
  weft::thread t([] { weft::this_thread::sleep_for(1ms); });
  t.join();
  bool was_stopped = false;
  {
    weft::jthread j([&](std::stop_token st) {
      while (!st.stop_requested()) weft::this_thread::yield();
      was_stopped = true;
    });
    j.request_stop();
  }
  weft::future<int> f = weft::async([] { return 42; });
  std::cout << was_stopped << ' ' << f.get() << '\n';
}

// Everything in sync may be used by fibers and by plain threads at once.
static void bridge() {
  weft::channel<int> ch;
  weft::promise<int> sum;
  std::thread window([&] {
    int total = 0;
    for (int v : ch) total += v;
    sum.set_value(total);
  });
  for (int i = 1; i <= 100; ++i) ch.send(i);
  ch.close();
  std::cout << sum.get_future().get() << '\n';
  window.join();
}

static void outside() {
  std::cout << "outside:";
  try {
    weft::go([] {});
  } catch (const std::logic_error&) {
    std::cout << " go needs a runtime,";
  }
  weft::mutex m;
  std::scoped_lock lock(m);
  weft::this_thread::sleep_for(1ms);
  std::cout << " the rest does not\n";
}

int main() {
  std::cout << std::boolalpha;
  weft::run([] {
    every_kind();
    threads();
    bridge();
  });
  outside();
}
