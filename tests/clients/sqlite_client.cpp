// Room: tests of clients. SQLite on a file: a connection for each fiber, and one that all share. `hold` is a second
// process, begun by the runner, that has the file's lock in the middle of a transaction.
//
//   NAME hold scratch=DIR

#include <atomic>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include <sqlite3.h>
#include <unistd.h>

#include "client_support.hpp"

namespace {

using clients::expect;
using clients::expect_equal;
using clients::k_crowd;
using clients::terms;

constexpr int k_patient = 4'000;  // looks, 5 ms apart

std::string file_of(const terms& told) { return told["scratch"] + "/data.db"; }

class database {
 public:
  // With `waiting`: it counts itself there as one who waits, once, and gives up after `most` looks.
  explicit database(const terms& told, std::atomic<int>* waiting = nullptr, int most = 0)
      : waiting_(waiting), most_(most) {
    if (sqlite3_open(file_of(told).c_str(), &db_) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db_));
    if (waiting == nullptr)
      sqlite3_busy_timeout(db_, 20'000);
    else
      sqlite3_busy_handler(db_, &wait, this);
  }
  ~database() { sqlite3_close(db_); }
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  // The first value, or what went wrong.
  std::string run(const std::string& sql) {
    std::string first;
    const auto keep = [](void* to, int, char** values, char**) {
      *static_cast<std::string*>(to) = values[0] == nullptr ? "" : values[0];
      return 0;
    };
    char* error = nullptr;
    if (sqlite3_exec(db_, sql.c_str(), keep, &first, &error) == SQLITE_OK) return first;
    first = error == nullptr ? "?" : error;
    sqlite3_free(error);
    return first;
  }

 private:
  static int wait(void* self, int times) {
    auto& mine = *static_cast<database*>(self);
    if (times == 0) ++*mine.waiting_;
    if (times >= mine.most_) return 0;
    sqlite3_sleep(5);
    return 1;
  }

  sqlite3* db_ = nullptr;
  std::atomic<int>* const waiting_;
  const int most_;
};

void make_tables(const terms& told) {
  database db(told);
  expect_equal(db.run("CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0);"
                      "CREATE TABLE rows (n INTEGER, text TEXT)"),
               "", "tables");
}

void answers_are_right(const terms& told) {
  std::atomic<int> waiting = 0;
  clients::at_once(k_crowd, [&](int i) {
    database db(told, &waiting, k_patient);
    expect_equal(db.run("PRAGMA synchronous = OFF; BEGIN IMMEDIATE; UPDATE counter SET n = n + 1; COMMIT"), "",
                 "one more");
    expect_equal(db.run("SELECT " + std::to_string(i) + " + 1"), std::to_string(i + 1), "a sum");
    expect_equal(db.run("SELECT no_such"), "no such column: no_such", "what is wrong");
  });
  expect_equal(database(told).run("SELECT n FROM counter"), std::to_string(k_crowd), "what all counted");
}

std::string insertion(int i, const std::string& text) {
  return "INSERT INTO rows VALUES (" + std::to_string(i) + ", '" + text + "')";
}

void expect_rows(const terms& told, const std::string& text, int count) {
  expect_equal(database(told).run("SELECT count(DISTINCT n) FROM rows WHERE text = '" + text + "'"),
               std::to_string(count), "rows that are " + text);
}

// The process that has the lock is killed in the middle of its transaction: what it had written is undone by the first
// who gets in.
void wait_side_by_side_for_one_that_dies(const terms& told, clients::bystanders& others) {
  clients::ask("hold");
  std::atomic<int> waiting = 0;
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&told, &waiting, i] {
      database db(told, &waiting, k_patient);
      expect_equal(db.run(insertion(i, "own")), "", "after who died");
    });
  clients::wait_until("all wait for the lock", [&] { return waiting >= k_crowd; });
  clients::expect_few_threads("while all wait for the lock");
  others.go_on();
  clients::ask("kill");
  crowd.wait();
  expect_rows(told, "own", k_crowd);
  expect_rows(told, "unfinished", 0);
}

// One sleeps with the connection's lock held, and all others wait for that lock, which is a recursive one.
void one_connection_for_all(const terms& told, clients::bystanders& others) {
  clients::ask("hold");
  std::atomic<int> begun = 0, waiting = 0;
  database db(told, &waiting, k_patient);
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&, i] {
      ++begun;
      expect_equal(db.run(insertion(i, "shared")), "", "on a shared connection");
    });
  clients::wait_until("all wait for the one", [&] { return begun == k_crowd && waiting >= 1; });
  clients::expect_few_threads("while all wait for a connection's lock");
  others.go_on();
  expect_equal(waiting.load(), 1, "who are in the connection at once");
  clients::ask("kill");
  crowd.wait();
  expect_rows(told, "shared", k_crowd);
}

void one_that_stops(const terms& told, clients::bystanders& others) {
  clients::ask("hold");
  clients::ask("pause");
  std::atomic<int> waiting = 0, given_up = 0;
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&, i] {
      database db(told, &waiting, i % 2 == 0 ? 5 : k_patient);
      const std::string outcome = db.run(insertion(i, "slow"));
      if (i % 2 != 0) return expect_equal(outcome, "", "who is patient");
      expect_equal(outcome, "database is locked", "who is not");
      ++given_up;
    });
  clients::wait_until("the impatient have given up", [&] { return given_up == k_crowd / 2; });
  others.go_on();
  clients::ask("resume");
  clients::ask("kill");
  crowd.wait();
  expect_rows(told, "slow", k_crowd / 2);
}

void check(const terms& told) {
  clients::bystanders others;
  make_tables(told);
  answers_are_right(told);
  wait_side_by_side_for_one_that_dies(told, others);
  one_connection_for_all(told, others);
  one_that_stops(told, others);
  expect_equal(database(told).run("PRAGMA integrity_check"), "ok", "the file");
}

int hold(const terms& told) {
  database db(told);
  const std::string error = db.run("BEGIN EXCLUSIVE; PRAGMA cache_size = 1; UPDATE counter SET n = -1;" +
                                   insertion(-1, "unfinished") + ";" + insertion(-2, std::string(100'000, 'x')));
  if (!error.empty()) throw std::runtime_error(error);
  std::ofstream(told["scratch"] + "/held") << "held\n";
  for (;;) ::pause();
}

class reads final : public clients::session {
 public:
  explicit reads(const terms& told) : db_(told) { db_.run("CREATE TABLE IF NOT EXISTS counter (n INTEGER)"); }
  void request() override {
    if (const std::string answer = db_.run("SELECT count(*) FROM counter"); answer != "0")
      throw std::runtime_error(answer);
  }

 private:
  database db_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "hold") return hold(terms(argc, argv));
  return clients::run(argc, argv, {.check = check, .connect = [](const terms& told, int) {
                                     return std::unique_ptr<clients::session>(new reads(told));
                                   }});
}
