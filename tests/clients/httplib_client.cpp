// Room: tests of clients. cpp-httplib as client and as server; the server's pool of threads is replaced by fibers
// through its own new_task_queue. `serve` is the server, which the runner begins, and does things to.
//
//   NAME serve port=4711 workers=2

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include <httplib.h>

#include "client_support.hpp"

namespace {

using namespace std::chrono_literals;
using clients::expect;
using clients::expect_equal;
using clients::k_crowd;
using clients::terms;

// --- The server.

// [queue]
class fibers_as_pool final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> serve) override { group_.go(std::move(serve)); }
  void shutdown() override { group_.wait(); }

 private:
  weft::task_group group_;
};
// [queue]

// Lets nobody through before so many are there. It knows nothing of fibers.
class gate {
 public:
  void pass(int together) {
    std::unique_lock lock(mutex_);
    if (++waiting_ % together == 0) changed_.notify_all();
    const int mine = (waiting_ - 1) / together;
    changed_.wait(lock, [&] { return waiting_ >= (mine + 1) * together; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
};

std::string threads_of_this_process() {
  return std::to_string(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()));
}

// Its library listens with room for 5, and 200 at once were served by turns of seconds: listens again, with more.
void listen_for_many(httplib::Server& server, int port) {
  int listener = -1;
  server.set_socket_options([&](int socket) {
    listener = socket;
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  if (!server.bind_to_port("127.0.0.1", port) || ::listen(listener, 1024) != 0)
    throw std::runtime_error("listen on " + std::to_string(port));
  server.listen_after_bind();
}

// Its library gives up after five seconds, which two hundred take on a busy machine, under a sanitizer.
void be_patient(auto& client_or_server) {
  client_or_server.set_read_timeout(60s);
  client_or_server.set_write_timeout(60s);
}

void serve(const terms& told) {
  httplib::Server server;
  be_patient(server);
  gate together;
  server.new_task_queue = [] { return new fibers_as_pool; };
  server.set_keep_alive_max_count(1'000'000);
  server.Get("/", [](const auto&, auto& answer) { answer.set_content("hello", "text/plain"); });
  server.Get(R"(/double/(\d+))", [](const auto& asked, auto& answer) {
    answer.set_content(std::to_string(2 * std::stoi(asked.matches[1].str())), "text/plain");
  });
  server.Get(R"(/together/(\d+))", [&](const auto& asked, auto& answer) {
    together.pass(std::stoi(asked.matches[1].str()));
    answer.set_content(threads_of_this_process(), "text/plain");
  });
  server.Post("/back", [](const auto& asked, auto& answer) { answer.set_content(asked.body, "text/plain"); });
  listen_for_many(server, told.number("port"));
}

// --- The client.

class connection {
 public:
  explicit connection(const terms& told) : http_("127.0.0.1", told.number("port")) {
    http_.set_keep_alive(true);
    be_patient(http_);
  }

  std::string get(const std::string& path) { return text_of(http_.Get(path.c_str())); }
  std::string post(const std::string& body) { return text_of(http_.Post("/back", body, "text/plain")); }
  void set_time_limit(std::chrono::milliseconds limit) { http_.set_read_timeout(limit); }

 private:
  static std::string text_of(const httplib::Result& result) {
    return result ? result->body : "error " + httplib::to_string(result.error());
  }

  httplib::Client http_;
};

void answers_are_right(const terms& told) {
  clients::at_once(k_crowd, [&](int i) {
    connection http(told);
    expect_equal(http.get("/"), "hello", "a page");
    expect_equal(http.get("/double/" + std::to_string(i)), std::to_string(2 * i), "a page of many");
    const std::string large(300'000, static_cast<char>('a' + i % 26));
    expect(http.post(large) == large, "much comes back as it was");
  });
}

// No handler answers before all have begun: all the client's fibers wait, and all the server's.
void wait_side_by_side(const terms& told, clients::bystanders& others) {
  weft::task_group crowd;
  const std::string page = "/together/" + std::to_string(k_crowd);
  const auto ask = [&told, &page] {
    connection http(told);
    http.set_time_limit(30s);
    const std::string threads = http.get(page);
    expect(std::atoi(threads.c_str()) > 0 && std::stoi(threads) < k_crowd / 4, "threads of the server: " + threads);
  };
  for (int i = 1; i < k_crowd; ++i) crowd.go(ask);
  others.go_on();
  clients::expect_few_threads("while all but one have asked");
  ask();
  crowd.wait();
}

void a_server_that_stops(const terms& told, clients::bystanders& others) {
  clients::stop_the_server(others, [&told](int i, bool is_patient) {
    const auto http = std::make_shared<connection>(told);
    expect_equal(http->get("/"), "hello", "before the stop");
    if (!is_patient) http->set_time_limit(200ms);
    return [http, i, is_patient] {
      const std::string answer = http->get("/double/" + std::to_string(i));
      expect_equal(answer, is_patient ? std::to_string(2 * i) : "error Read",
                   is_patient ? "who is patient" : "who is not");
    };
  });
}

void a_server_that_dies(const terms& told, clients::bystanders& others) {
  weft::task_group crowd;
  std::atomic<int> about_to_wait = 0;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&] {
      connection http(told);
      http.set_time_limit(30s);
      http.get("/");
      ++about_to_wait;
      expect_equal(http.get("/together/1000000"), "error Read", "the end of the server");
    });
  clients::wait_until("all are connected", [&] { return about_to_wait == k_crowd; });
  others.go_on();
  clients::ask("kill");
  crowd.wait();
  expect_equal(connection(told).get("/"), "error Connection", "nobody is there");
  clients::ask("restart");
  answers_are_right(told);
}

void check(const terms& told) {
  clients::bystanders others;
  answers_are_right(told);
  wait_side_by_side(told, others);
  a_server_that_stops(told, others);
  a_server_that_dies(told, others);
}

class gets final : public clients::session {
 public:
  explicit gets(const terms& told) : http_(told) { request(); }
  void request() override {
    if (const std::string answer = http_.get("/"); answer != "hello") throw std::runtime_error(answer);
  }

 private:
  connection http_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "serve") {
    const terms told(argc, argv);
    weft::run(weft::options{.workers = static_cast<std::size_t>(told.number("workers"))}, [&] { serve(told); });
    return 0;
  }
  return clients::run(argc, argv, {.check = check, .connect = [](const terms& told, int) {
                                     return std::unique_ptr<clients::session>(new gets(told));
                                   }});
}
