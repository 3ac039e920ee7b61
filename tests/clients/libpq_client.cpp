// Room: tests of clients. libpq, with its blocking calls, against PostgreSQL.

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include <libpq-fe.h>

#include "client_support.hpp"

namespace {

using namespace std::chrono_literals;
using clients::expect;
using clients::expect_equal;
using clients::k_crowd;
using clients::terms;

class connection {
 public:
  explicit connection(const terms& told)
      : conn_(PQconnectdb(("host=127.0.0.1 user=weft dbname=postgres port=" + told["port"]).c_str())) {}
  ~connection() { PQfinish(conn_); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  // The first field of the first row, and the command's tag if there is none; an error's text comes back as it is.
  std::string query(const std::string& text) { return text_of(PQexec(conn_, text.c_str())); }
  std::string query(const std::string& text, const std::string& parameter) {
    const char* const values[] = {parameter.c_str()};
    return text_of(PQexecParams(conn_, text.c_str(), 1, nullptr, values, nullptr, nullptr, 0));
  }

  // So many lines to the table, by COPY.
  std::string copy_in(const std::string& into, int lines) {
    PQclear(PQexec(conn_, ("COPY " + into + " FROM STDIN").c_str()));
    for (int i = 0; i < lines; ++i) {
      const std::string line = std::to_string(i) + '\n';
      if (PQputCopyData(conn_, line.data(), static_cast<int>(line.size())) != 1) return PQerrorMessage(conn_);
    }
    if (PQputCopyEnd(conn_, nullptr) != 1) return PQerrorMessage(conn_);
    const std::string outcome = text_of(PQgetResult(conn_));
    PQclear(PQgetResult(conn_));
    return outcome;
  }

  [[nodiscard]] bool is_up() const { return PQstatus(conn_) == CONNECTION_OK; }
  [[nodiscard]] std::string error_text() const { return PQerrorMessage(conn_); }

 private:
  std::string text_of(PGresult* result) const {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> owner(result, PQclear);
    const auto status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK && PQntuples(result) > 0) return PQgetvalue(result, 0, 0);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? PQcmdStatus(result) : error_text();
  }

  PGconn* const conn_;
};

void answers_are_right(const terms& told) {
  clients::at_once(k_crowd, [&](int i) {
    connection db(told);
    expect_equal(db.error_text(), "", "a connection");
    const std::string number = std::to_string(i);
    expect_equal(db.query("SELECT $1::int * 2", number), std::to_string(2 * i), "a parameter");
    expect_equal(db.query("SELECT length(repeat('" + number + "', 100000))"), std::to_string(100'000 * number.size()),
                 "a function");
    expect_equal(db.query("SELECT repeat('x', 300000)"), std::string(300'000, 'x'), "much");
    expect_equal(db.query("CREATE TEMPORARY TABLE one (n int)"), "CREATE TABLE", "a table");
    expect_equal(db.copy_in("one", 500), "COPY 500", "COPY");
    expect_equal(db.query("SELECT sum(n) FROM one"), "124750", "what COPY brought");
    expect(db.query("SELECT 1 / 0").find("division by zero") != std::string::npos, "a query that is wrong");
    expect_equal(db.query("SELECT 7"), "7", "after one that was wrong");
  });
}

void until_all_wait_for_the_lock(connection& db) {
  clients::wait_until("the server sees all wait", [&] {
    return db.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") ==
           std::to_string(k_crowd);
  });
}

// Each waits at the server for a lock that is given back only after all wait.
void wait_side_by_side(const terms& told, clients::bystanders& others) {
  connection db(told);
  expect_equal(db.query("SELECT pg_advisory_lock(1)"), "", "the lock");
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&told, i] {
      connection mine(told);
      expect_equal(mine.query("SELECT pg_advisory_lock_shared(1)"), "", "the lock's turn");
      expect_equal(mine.query("SELECT $1::int + 1", std::to_string(i)), std::to_string(i + 1), "after the lock");
    });
  until_all_wait_for_the_lock(db);
  clients::expect_few_threads("while all wait for a lock");
  others.go_on();
  expect_equal(db.query("SELECT pg_advisory_unlock(1)"), "t", "giving it back");
  crowd.wait();
}

// One after the other it were forty seconds.
void sleep_side_by_side(const terms& told) {
  std::vector<std::unique_ptr<connection>> all(k_crowd);
  clients::at_once(k_crowd, [&](int i) { all[static_cast<std::size_t>(i)] = std::make_unique<connection>(told); });
  const auto began = std::chrono::steady_clock::now();
  clients::at_once(k_crowd, [&](int i) {
    expect_equal(all[static_cast<std::size_t>(i)]->query("SELECT pg_sleep(0.2)"), "", "pg_sleep");
  });
  expect(std::chrono::steady_clock::now() - began < 4s, "two hundred times 0.2 s side by side take less than 4 s");
}

void a_server_that_stops(const terms& told, clients::bystanders& others) {
  weft::task_group crowd;
  weft::latch connected(k_crowd), gone_on(1);
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&, i] {
      connection db(told);
      connected.count_down();
      gone_on.wait();
      expect_equal(db.query("SELECT $1::int + 5", std::to_string(i)), std::to_string(i + 5), "after a stop");
    });
  connected.wait();
  clients::ask("pause");
  gone_on.count_down();
  others.go_on();
  clients::expect_few_threads("while the server is stopped");
  clients::ask("resume");
  crowd.wait();
}

void a_server_that_dies(const terms& told, clients::bystanders& others) {
  connection holder(told);
  holder.query("SELECT pg_advisory_lock(2)");
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&told] {
      connection db(told);
      const std::string outcome = db.query("SELECT pg_advisory_lock(2)");
      expect(outcome.find("server closed the connection unexpectedly") != std::string::npos ||
                 outcome.find("Connection reset by peer") != std::string::npos,
             "the end of the server is said: " + outcome);
      expect(!db.is_up(), "the connection is down");
    });
  until_all_wait_for_the_lock(holder);
  clients::ask("kill");
  crowd.wait();
  others.go_on();
  const std::string refused = connection(told).error_text();
  expect(refused.find("Connection refused") != std::string::npos, "nobody is there: " + refused);
  clients::ask("restart");
  answers_are_right(told);
}

void a_time_limit_around_it(const terms& told) {
  connection db(told);
  std::string outcome;
  weft::with_timeout(50ms, [&] { outcome = db.query("SELECT pg_sleep(60)"); });
  expect(outcome.find("canceled") != std::string::npos, "the end of a wait that was called off is said: " + outcome);
}

void check(const terms& told) {
  clients::bystanders others;
  answers_are_right(told);
  wait_side_by_side(told, others);
  sleep_side_by_side(told);
  a_time_limit_around_it(told);
  a_server_that_stops(told, others);
  a_server_that_dies(told, others);
}

class selects final : public clients::session {
 public:
  explicit selects(const terms& told) : db_(told) {}
  void request() override {
    if (const std::string answer = db_.query("SELECT 41 + 1"); answer != "42") throw std::runtime_error(answer);
  }

 private:
  connection db_;
};

}  // namespace

int main(int argc, char** argv) {
  return clients::run(argc, argv, {.check = check, .connect = [](const terms& told, int) {
                                     return std::unique_ptr<clients::session>(new selects(told));
                                   }});
}
