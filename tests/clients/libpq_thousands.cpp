// Room: tests of clients. libpq with a thread for each connection, and thousands of them, all connected at once. Built
// twice, as tests/interpose/preloaded_echo.cpp is: knowing nothing of weft, to be run under LD_PRELOAD; and with all
// that a program needs to know of it, a line for its threads and one around main.
//
//   libpq_thousands check port=4711 count=5000 ...    says what failed, line by line; ends with 0 if nothing did

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <libpq-fe.h>
#include <unistd.h>

#ifdef WEFT_IS_KNOWN
#include <weft/weft.hpp>
#endif

namespace {

#ifdef WEFT_IS_KNOWN
using thread = weft::thread;
#else
using thread = std::thread;
#endif

constexpr int k_most_threads = 100;  // of the system: workers, helpers, and what fills in on a busy machine

std::atomic<int> g_failures{0};

void fail(const std::string& what) {
  if (g_failures.fetch_add(1) < 5) std::printf("failed %s\n", what.c_str()), std::fflush(stdout);
}

std::string answer_of(PGconn* conn, const std::string& query) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(conn, query.c_str()), PQclear);
  return PQresultStatus(result.get()) == PGRES_TUPLES_OK ? PQgetvalue(result.get(), 0, 0) : PQerrorMessage(conn);
}

void expect_answer(PGconn* conn, int number, int plus) {
  const std::string sum = std::to_string(number) + " + " + std::to_string(plus);
  const std::string answer = answer_of(conn, "SELECT " + sum);
  if (answer != std::to_string(number + plus)) fail(sum + " is '" + answer + "'");
}

// Nobody goes on before all have come.
class meeting {
 public:
  explicit meeting(int all) : missing_(all) {}

  void come() {
    std::unique_lock lock(mutex_);
    if (--missing_ == 0) all_came_.notify_all();
    released_.wait(lock, [this] { return is_released_; });
  }

  void wait_for_all() {
    std::unique_lock lock(mutex_);
    all_came_.wait(lock, [this] { return missing_ == 0; });
  }

  void release() {
    const std::scoped_lock lock(mutex_);
    is_released_ = true;
    released_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_came_, released_;
  int missing_;
  bool is_released_ = false;
};

void converse(const std::string& where, int number, meeting& with) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> conn(PQconnectdb(where.c_str()), PQfinish);
  if (PQstatus(conn.get()) != CONNECTION_OK) fail(std::string("a connection: ") + PQerrorMessage(conn.get()));
  expect_answer(conn.get(), number, 1);
  with.come();
  expect_answer(conn.get(), number, 2);
}

std::ptrdiff_t threads_of_the_system() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

std::string told(int argc, char** argv, const std::string& name) {
  for (int i = 1; i < argc; ++i)
    if (const std::string word = argv[i]; word.rfind(name + "=", 0) == 0) return word.substr(name.size() + 1);
  fail("nobody told " + name + "=...");
  return "0";
}

int check(int argc, char** argv) {
  const std::string where = "host=127.0.0.1 user=weft dbname=postgres sslmode=disable port=" + told(argc, argv, "port");
  const int count = std::stoi(told(argc, argv, "count"));
  meeting all_connected(count);
  std::vector<thread> all;
  for (int i = 0; i < count; ++i) all.emplace_back([&, i] { converse(where, i, all_connected); });
  all_connected.wait_for_all();
  const auto threads = threads_of_the_system();
  std::printf("%d connections at once on %td threads of the system\n", count, threads);
  if (threads > k_most_threads) fail("expected " + std::to_string(k_most_threads) + " threads at most");
  all_connected.release();
  for (thread& each : all) each.join();
  return g_failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
#ifdef WEFT_IS_KNOWN
  return weft::run(weft::options{.workers = 2}, [=] { return check(argc, argv); });
#else
  return check(argc, argv);
#endif
}
