// Room: tests. What programs do with threads, of which each is a sentence that holds of libc's. It knows nothing of
// weft: the test (preloaded_test.cpp) runs it as it is, and under LD_PRELOAD, one case a process. Ends with 0 if all
// holds; else it says what does not.

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <iterator>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

int g_wrong = 0;
void check(bool holds, const char* what, int line) {
  if (!holds) std::fprintf(stderr, "preloaded_threads.cpp:%d: not so: %s\n", line, what), ++g_wrong;
}
#define CHECK(what) check(what, #what, __LINE__)

std::ptrdiff_t tasks() {
  const std::filesystem::directory_iterator all("/proc/self/task");
  return std::distance(begin(all), end(all));
}

// Prints how many threads the system has for 500 of the program's, which all wait.
void many() {
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  bool go = false;
  std::vector<std::thread> all(500);
  for (auto& each : all)
    each = std::thread([&] {
      std::unique_lock lock(mutex);
      ++waiting;
      changed.notify_all();
      changed.wait(lock, [&] { return go; });
    });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return waiting == 500; });
  std::printf("%td\n", tasks());
  go = true;
  lock.unlock();
  changed.notify_all();
  for (auto& each : all) each.join();
}

// Prints how often one of the program's threads has come back from a wait on another thread of the system. Nothing in
// between gives up its place but the waits; until one has, or each of many has waited often.
void migrations() {
  std::atomic<int> moves{0};
  std::vector<std::thread> all(40);
  for (auto& each : all)
    each = std::thread([&] {
      for (int i = 0; i < 100 && moves == 0; ++i) {
        const long before = ::syscall(SYS_gettid);
        ::usleep(500);
        if (::syscall(SYS_gettid) != before) ++moves;
      }
    });
  for (auto& each : all) each.join();
  std::printf("%d\n", moves.load());
}

void* give_back(void* value) { return value; }

void identity() {
  std::set<std::thread::id> ids{std::this_thread::get_id()};
  std::mutex mutex;
  std::vector<std::thread> all(50);
  for (auto& each : all)
    each = std::thread([&] {
      const auto before = std::this_thread::get_id();
      std::this_thread::sleep_for(1ms);
      CHECK(before == std::this_thread::get_id());
      const std::scoped_lock held(mutex);
      ids.insert(before);
    });
  for (auto& each : all) {
    CHECK(each.get_id() != std::this_thread::get_id());
    each.join();
  }
  CHECK(ids.size() == 51);
  CHECK(pthread_equal(pthread_self(), pthread_self()) != 0);

  int value = 0;
  void* result = nullptr;
  pthread_t thread;
  CHECK(pthread_create(&thread, nullptr, give_back, &value) == 0);
  CHECK(pthread_join(thread, &result) == 0);
  CHECK(result == &value);
  CHECK(pthread_join(pthread_self(), nullptr) == EDEADLK);
}

void joins() {
  std::atomic<bool> go{false};
  const auto wait = [](void* word) -> void* {
    while (!static_cast<std::atomic<bool>*>(word)->load()) std::this_thread::yield();
    return word;
  };
  pthread_t thread;
  CHECK(pthread_create(&thread, nullptr, wait, &go) == 0);
  void* result = nullptr;
  CHECK(pthread_tryjoin_np(thread, &result) == EBUSY);
  const timespec past{1, 0};
  CHECK(pthread_timedjoin_np(thread, &result, &past) == ETIMEDOUT);
  go = true;
  CHECK(pthread_join(thread, &result) == 0);
  CHECK(result == &go);

  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&detached, 256 << 10);
  go = false;
  CHECK(pthread_create(&thread, &detached, wait, &go) == 0);
  CHECK(pthread_join(thread, nullptr) == EINVAL);
  CHECK(pthread_detach(thread) == EINVAL);
  go = true;
  pthread_attr_destroy(&detached);
  for (int i = 0; i < 100; ++i) {
    CHECK(pthread_create(&thread, nullptr, give_back, nullptr) == 0);
    if (i % 2 == 0) std::this_thread::yield();
    CHECK(pthread_detach(thread) == 0);
  }
}

void names_and_stacks() {
  std::thread named([] {
    char name[16];
    CHECK(pthread_setname_np(pthread_self(), "reader") == 0);
    CHECK(pthread_getname_np(pthread_self(), name, sizeof name) == 0);
    CHECK(std::strcmp(name, "reader") == 0);
    CHECK(pthread_getname_np(pthread_self(), name, 3) == ERANGE);
    CHECK(pthread_setname_np(pthread_self(), "a name that is too long") == ERANGE);

    pthread_attr_t mine;
    void* bottom = nullptr;
    std::size_t size = 0;
    CHECK(pthread_getattr_np(pthread_self(), &mine) == 0);
    CHECK(pthread_attr_getstack(&mine, &bottom, &size) == 0);
    pthread_attr_destroy(&mine);
    char* const here = name;
    CHECK(here >= static_cast<char*>(bottom) && here < static_cast<char*>(bottom) + size);
    CHECK(size >= (1u << 20));
  });
  named.join();
}

struct noted {
  std::atomic<int>& ends;
  ~noted() { ++ends; }
};
std::atomic<int> g_ends{0};

[[noreturn]] void leave(void* value) {
  const noted here{g_ends};
  pthread_exit(value);
}

void exits() {
  pthread_t thread;
  void* result = nullptr;
  CHECK(pthread_create(
            &thread, nullptr,
            [](void* value) -> void* {
              const noted outer{g_ends};
              leave(value);
            },
            &result) == 0);
  CHECK(pthread_join(thread, &result) == 0);
  CHECK(result == &result);
  CHECK(g_ends == 2);

  thrd_t c11;
  int status = 0;
  CHECK(thrd_create(
            &c11, [](void*) -> int { thrd_exit(7); }, nullptr) == thrd_success);
  CHECK(thrd_join(c11, &status) == thrd_success);
  CHECK(status == 7);
  CHECK(thrd_create(
            &c11, [](void* own) { return thrd_equal(thrd_current(), *static_cast<thrd_t*>(own)) != 0 ? 8 : 9; },
            &c11) == thrd_success);
  CHECK(thrd_join(c11, &status) == thrd_success);
  CHECK(status == 8);
}

pthread_key_t g_key;
std::atomic<int> g_destroyed{0};

// Its destructor runs before who joins goes on, and knows its thread.
void keys() {
  CHECK(pthread_key_create(&g_key, [](void* value) {
          CHECK(pthread_equal(pthread_self(), *static_cast<pthread_t*>(value)) != 0);
          ++g_destroyed;
        }) == 0);
  pthread_setspecific(g_key, nullptr);
  std::vector<std::thread> all(20);
  std::array<pthread_t, 20> own{};
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = std::thread([&mine = own[i]] {
      mine = pthread_self();
      pthread_setspecific(g_key, &mine);
      std::this_thread::sleep_for(1ms);
      CHECK(pthread_getspecific(g_key) == &mine);
    });
  for (auto& each : all) each.join();
  CHECK(g_destroyed == 20);
  CHECK(pthread_getspecific(g_key) == nullptr);
}

void tasks_and_exceptions() {
  auto value = std::async(std::launch::async, [] { return 5; });
  auto thrown = std::async(std::launch::async, []() -> int { throw std::runtime_error("as told"); });
  CHECK(value.get() == 5);
  try {
    thrown.get();
    CHECK(false);
  } catch (const std::runtime_error& e) {
    CHECK(std::string_view(e.what()) == "as told");
  }
  std::jthread stops([](std::stop_token asked) {
    while (!asked.stop_requested()) std::this_thread::sleep_for(1ms);
  });
}

std::atomic<int> g_alarms{0};

void signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread waits([set] {
    int number = 0;
    CHECK(sigwait(&set, &number) == 0);
    CHECK(number == SIGTERM);
    sigset_t mine;
    pthread_sigmask(SIG_BLOCK, nullptr, &mine);
    CHECK(sigismember(&mine, SIGUSR1) == 1);  // as its maker had it
  });
  ::kill(::getpid(), SIGTERM);
  waits.join();
  ::kill(::getpid(), SIGUSR1);
  sigset_t now;
  sigpending(&now);
  CHECK(sigismember(&now, SIGUSR1) == 1);
  const timespec none{0, 0};
  CHECK(sigtimedwait(&set, nullptr, &none) == SIGUSR1);

  std::signal(SIGALRM, [](int) { ++g_alarms; });
  const itimerval soon{{0, 0}, {0, 5000}};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  CHECK(::pause() == -1);
  CHECK(errno == EINTR);
  CHECK(g_alarms == 1);
}

bool is_ended_by_sigterm(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM; }

// A child has the thread that forked, and may make others. It takes the signals that its maker takes.
void children() {
  std::thread parent([] {
    const pid_t child = ::fork();
    if (child == 0) {
      int sum = 0;
      std::thread([&] { sum = 5; }).join();
      std::_Exit(sum);
    }
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
  });
  parent.join();

  const pid_t child = ::fork();
  if (child == 0)
    for (;;) ::pause();
  ::kill(child, SIGTERM);
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(is_ended_by_sigterm(status));
  CHECK(is_ended_by_sigterm(std::system("exec sh -c 'kill -TERM $$'")));
  CHECK(is_ended_by_sigterm(::pclose(::popen("exec sh -c 'kill -TERM $$'", "r"))));
  std::string file = "sh", option = "-c", line = "kill -TERM $$";
  char* const words[] = {file.data(), option.data(), line.data(), nullptr};
  pid_t spawned = 0;
  CHECK(::posix_spawnp(&spawned, "sh", nullptr, nullptr, words, environ) == 0);
  CHECK(::waitpid(spawned, &status, 0) == spawned);
  CHECK(is_ended_by_sigterm(status));
}

void lookups() {
  std::vector<std::thread> all(10);
  for (auto& each : all)
    each = std::thread([] {
      addrinfo* found = nullptr;
      CHECK(::getaddrinfo("localhost", "80", nullptr, &found) == 0);
      ::freeaddrinfo(found);
      CHECK(std::system("exit 0") == 0);
    });
  for (auto& each : all) each.join();
}

void passes_a_byte_after_a_while() {
  int ends[2];
  char byte = 0;
  CHECK(::pipe(ends) == 0);
  std::thread writer([&] { ::usleep(2000), CHECK(::write(ends[1], "x", 1) == 1); });
  CHECK(::read(ends[0], &byte, 1) == 1 && byte == 'x');
  writer.join();
}

// What servers do as they begin: nobody else's descriptors are to stay.
void clean_slates() {
  const int other = ::fcntl(0, F_DUPFD, 100);
  ::closefrom(3);
  CHECK(::fcntl(other, F_GETFD) < 0);
  passes_a_byte_after_a_while();
  for (int fd = 3; fd < 1024; ++fd) ::close(fd);
  passes_a_byte_after_a_while();
  CHECK(::close_range(3, ~0U, 0) == 0);
  passes_a_byte_after_a_while();
}

void main_leaves() {
  std::thread([] {
    std::this_thread::sleep_for(20ms);
    std::puts("last");
    std::fflush(stdout);
  }).detach();
  pthread_exit(nullptr);
}

void uncaught() {
  std::thread([] { throw std::runtime_error("nobody catches this"); }).join();
}

void status() {
  std::atexit([] { std::puts("at exit"); });
  g_wrong = 42;
}

constexpr struct {
  std::string_view name;
  void (*run)();
} k_cases[] = {{"many", many},
               {"migrations", migrations},
               {"identity", identity},
               {"joins", joins},
               {"names_and_stacks", names_and_stacks},
               {"exits", exits},
               {"keys", keys},
               {"tasks_and_exceptions", tasks_and_exceptions},
               {"signals", signals},
               {"children", children},
               {"lookups", lookups},
               {"clean_slates", clean_slates},
               {"main_leaves", main_leaves},
               {"uncaught", uncaught},
               {"status", status}};

}  // namespace

int main(int argc, char** argv) {
  for (const auto& each : k_cases)
    if (argc > 1 && each.name == argv[1]) each.run();
  return g_wrong;
}
