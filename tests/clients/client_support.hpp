#pragma once
// Room: tests of clients. What the programs of all clients share: what the runner (clients.py) told, favours that are
// asked of it (a server killed, begun anew, stopped), who goes on beside two hundred fibers that wait, and what is
// expected. What uses a client itself is written as for threads, and includes the client's headers alone.
//
//   NAME check workers=2 port=4711 ...          says what failed, line by line; ends with 0 if nothing did
//   NAME race                               has a data race, for ThreadSanitizer to find
//   NAME figures how=fibers count=200 ...       how=threads: on as many threads, without a runtime
//
// Next: hiredis_client.cpp, the first of them.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include <weft/weft.hpp>

namespace clients {

constexpr int k_crowd = 200;

// NAME=VALUE, as the runner told. An unknown name throws std::invalid_argument.
class terms {
 public:
  terms(int argc, char** argv);
  const std::string& operator[](const std::string& name) const;
  [[nodiscard]] int number(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const { return values_.count(name) != 0; }

 private:
  std::map<std::string, std::string> values_;
};

// --- What is expected. Any thread; a failure is said at once and remembered.

void fail(const std::string& what);
inline void expect(bool is_so, const std::string& what) {
  if (!is_so) fail(what);
}
void expect_equal(const auto& got, const auto& wanted, const std::string& what) {
  if (got == wanted) return;
  std::ostringstream text;
  text << what << ": '" << got << "', expected '" << wanted << "'";
  fail(text.str());
}

// --- Inside a fiber.

// Parks until the runner has done it: kill, restart, pause, resume; more is told by the runner's table.
void ask(const std::string& favour);

// Looks again and again; after twenty seconds (sixty under sanitizers) it throws, and says what did not come.
void wait_until(const std::string& what, const std::function<bool()>& is_so);

// body(0) to body(count - 1), each in a fiber of its own. Returns when all have.
void at_once(int count, const std::function<void(int)>& body);

// A fiber that sleeps and one that talks to itself over a socket: they must go on, whatever the client waits for.
class bystanders {
 public:
  bystanders();
  ~bystanders();
  // Returns when both have gone on a good while longer. If something holds the workers up it never does.
  void go_on();

 private:
  void tick();
  void echo(weft::net::tcp_listener& listener);
  void converse(const weft::net::endpoint& with);

  std::atomic<long> ticks_ = 0;
  std::atomic<long> echoes_ = 0;
  weft::task_group group_;
};

// While two hundred wait: that they are parked, and not each on a thread that was filled in for. The client may have
// some threads of its own.
void expect_few_threads(const std::string& when, int of_the_client = 0);

// The server stops while two hundred are connected, of whom every second one has a time limit, and goes on when those
// have given up. connect(i, is_patient) is called in the fiber of each; what it returns asks the server that has
// stopped, and says what is not as expected.
using question = std::function<void()>;
void stop_the_server(bystanders& others, const std::function<question(int i, bool is_patient)>& connect);

// --- Figures.

// What one fiber or thread has to do with the client: a connection of its own.
class session {
 public:
  virtual ~session() = default;
  virtual void request() = 0;  // throws what went wrong
};

struct scenario {
  void (*check)(const terms&);                               // in the main fiber
  std::unique_ptr<session> (*connect)(const terms&, int i);  // for figures
};

// main's all.
int run(int argc, char** argv, const scenario& of);

}  // namespace clients
