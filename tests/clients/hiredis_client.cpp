// Room: tests of clients. hiredis, with its blocking calls, against redis-server.

#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include <hiredis/hiredis.h>

#include "client_support.hpp"

namespace {

using namespace std::chrono_literals;
using clients::expect;
using clients::expect_equal;
using clients::k_crowd;
using clients::terms;

std::string text_of(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
  if (reply.type == REDIS_REPLY_NIL) return "(nil)";
  if (reply.type != REDIS_REPLY_ARRAY) return {reply.str, reply.len};
  std::string all;
  for (std::size_t i = 0; i < reply.elements; ++i) all += (i == 0 ? "" : " ") + text_of(*reply.element[i]);
  return all;
}

class connection {
 public:
  explicit connection(const terms& told) : context_(redisConnect("127.0.0.1", told.number("port"))) {}
  ~connection() { redisFree(context_); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  // Empty if there was no reply: error() says why.
  template <class... Args>
  std::string command(const char* format, Args... args) {
    auto* const reply = static_cast<redisReply*>(redisCommand(context_, format, args...));
    if (reply == nullptr) return {};
    const std::string text = text_of(*reply);
    freeReplyObject(reply);
    return text;
  }
  std::string next_reply() {
    void* reply = nullptr;
    if (redisGetReply(context_, &reply) != REDIS_OK) return {};
    const std::string text = text_of(*static_cast<redisReply*>(reply));
    freeReplyObject(reply);
    return text;
  }
  template <class... Args>
  void append(const char* format, Args... args) {
    redisAppendCommand(context_, format, args...);
  }
  void set_time_limit(std::chrono::microseconds limit) {
    redisSetTimeout(context_, {limit.count() / 1'000'000, limit.count() % 1'000'000});
  }
  [[nodiscard]] int error() const { return context_->err; }
  [[nodiscard]] std::string error_text() const { return context_->errstr; }

 private:
  redisContext* const context_;
};

void answers_are_right(const terms& told) {
  clients::at_once(k_crowd, [&](int i) {
    connection redis(told);
    expect_equal(redis.error_text(), "", "a connection");
    expect_equal(redis.command("SET name:%d %s%d", i, "value", i), "OK", "SET");
    expect_equal(redis.command("GET name:%d", i), "value" + std::to_string(i), "GET");
    const std::string large(200'000, static_cast<char>('a' + i % 26));
    expect_equal(redis.command("SET large:%d %b", i, large.data(), large.size()), "OK", "SET of much");
    expect(redis.command("GET large:%d", i) == large, "much comes back as it was");
    for (int n = 0; n < 10; ++n) redis.append("INCR count:%d", i);
    for (int n = 1; n <= 10; ++n) expect_equal(redis.next_reply(), std::to_string(n), "a pipelined INCR");
  });
}

std::string blocked_clients(connection& redis) {
  const std::string info = redis.command("INFO clients");
  const auto from = info.find("blocked_clients:") + 16;
  return info.substr(from, info.find('\r', from) - from);
}

void until_all_are_blocked(connection& redis) {
  clients::wait_until("the server sees all wait", [&] { return blocked_clients(redis) == std::to_string(k_crowd); });
}

// Each waits at the server for what comes only after all wait.
void wait_side_by_side(const terms& told, clients::bystanders& others) {
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&told, i] {
      connection redis(told);
      expect_equal(redis.command("BLPOP list:%d 0", i), "list:" + std::to_string(i) + " item", "BLPOP");
    });
  connection redis(told);
  until_all_are_blocked(redis);
  clients::expect_few_threads("while all wait for an item");
  others.go_on();
  for (int i = 0; i < k_crowd; ++i) expect_equal(redis.command("LPUSH list:%d item", i), "1", "LPUSH");
  crowd.wait();
}

void a_server_that_stops(const terms& told, clients::bystanders& others) {
  clients::stop_the_server(others, [&told](int i, bool is_patient) {
    const auto redis = std::make_shared<connection>(told);
    if (!is_patient) redis->set_time_limit(100ms);
    return [redis, i, is_patient] {
      const std::string answer = redis->command("ECHO %d", i);
      if (is_patient) return expect_equal(answer, std::to_string(i), "who is patient");
      expect_equal(redis->error(), REDIS_ERR_IO, "who is not");
      expect_equal(redis->error_text(), "Resource temporarily unavailable", "who is not is told");
    };
  });
}

void a_server_that_dies(const terms& told, clients::bystanders& others) {
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&told] {
      connection redis(told);
      expect_equal(redis.command("BLPOP nothing 0"), "", "of a server that died");
      expect(redis.error() == REDIS_ERR_EOF || redis.error_text() == "Connection reset by peer",
             "the end of the server is said: " + redis.error_text());
    });
  {
    connection redis(told);
    until_all_are_blocked(redis);
  }
  clients::ask("kill");
  crowd.wait();
  others.go_on();
  expect_equal(connection(told).error_text(), "Connection refused", "nobody is there");
  clients::ask("restart");
  answers_are_right(told);
}

void a_time_limit_around_it(const terms& told) {
  connection redis(told);
  weft::with_timeout(20ms, [&] { expect_equal(redis.command("BLPOP nothing 0"), "", "what waits for ever"); });
  expect_equal(redis.error(), REDIS_ERR_IO, "the end of a wait that was called off is said");
}

void check(const terms& told) {
  clients::bystanders others;
  answers_are_right(told);
  wait_side_by_side(told, others);
  a_time_limit_around_it(told);
  a_server_that_stops(told, others);
  a_server_that_dies(told, others);
}

class pings final : public clients::session {
 public:
  explicit pings(const terms& told) : redis_(told) {}
  void request() override {
    if (redis_.command("PING") != "PONG") throw std::runtime_error("PING: " + redis_.error_text());
  }

 private:
  connection redis_;
};

}  // namespace

int main(int argc, char** argv) {
  return clients::run(argc, argv, {.check = check, .connect = [](const terms& told, int) {
                                     return std::unique_ptr<clients::session>(new pings(told));
                                   }});
}
