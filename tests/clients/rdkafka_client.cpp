// Room: tests of clients. librdkafka against its own mock cluster of three brokers, which is part of the library:
// fibers wait for messages and for the reports of those that they sent, in C11's condition variables. Its I/O is done
// by threads of its own.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "client_support.hpp"

namespace {

using clients::expect;
using clients::expect_equal;
using clients::k_crowd;
using clients::terms;

constexpr int k_brokers = 3;
constexpr int k_threads_of_its_own = 16;
constexpr const char* k_topic = "crowd";

// What became of one message. The library's callback says it, to whoever waits.
class report {
 public:
  rd_kafka_resp_err_t wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_there_; });
    return outcome_;
  }
  void say(rd_kafka_resp_err_t outcome) {
    const std::scoped_lock lock(mutex_);
    outcome_ = outcome;
    is_there_ = true;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_there_ = false;
  rd_kafka_resp_err_t outcome_ = RD_KAFKA_RESP_ERR_NO_ERROR;
};

class settings {
 public:
  settings() { set("log_level", "0"), set("reconnect.backoff.ms", "20"), set("reconnect.backoff.max.ms", "100"); }
  settings& set(const char* name, const std::string& value) {
    char error[256];
    if (rd_kafka_conf_set(conf_, name, value.c_str(), error, sizeof(error)) != RD_KAFKA_CONF_OK)
      throw std::runtime_error(error);
    return *this;
  }
  rd_kafka_conf_t* operator->() const { return conf_; }
  rd_kafka_conf_t* get() const { return conf_; }
  // conf_ belongs to the handle from then on.
  rd_kafka_t* made(rd_kafka_type_t type) const {
    char error[256];
    auto* const handle = rd_kafka_new(type, conf_, error, sizeof(error));
    if (handle == nullptr) throw std::runtime_error(error);
    return handle;
  }

 private:
  rd_kafka_conf_t* const conf_ = rd_kafka_conf_new();
};

// The cluster, one who sends, and one who receives; all fibers share them.
class cluster {
 public:
  // Reports are brought by a fiber, or where there is no runtime by a thread.
  explicit cluster(bool is_on_fibers) : sender_(make_sender()), mock_(rd_kafka_handle_mock_cluster(sender_)) {
    rd_kafka_mock_topic_create(mock_, k_topic, k_crowd, 1);
    receiver_ = settings()
                    .set("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock_))
                    .set("fetch.wait.max.ms", "20")
                    .made(RD_KAFKA_CONSUMER);
    out_ = rd_kafka_topic_new(sender_, k_topic, nullptr);
    in_ = rd_kafka_topic_new(receiver_, k_topic, nullptr);
    for (int i = 0; i < k_crowd; ++i) rd_kafka_consume_start(in_, i, RD_KAFKA_OFFSET_BEGINNING);
    const auto bring_reports = [this] {
      while (!is_over_) rd_kafka_poll(sender_, 50);
    };
    if (is_on_fibers)
      fiber_.emplace(weft::spawn(bring_reports));
    else
      thread_ = std::thread(bring_reports);
  }
  ~cluster() {
    is_over_ = true;
    if (fiber_) fiber_->join();
    if (thread_.joinable()) thread_.join();
    for (int i = 0; i < k_crowd; ++i) rd_kafka_consume_stop(in_, i);
    rd_kafka_topic_destroy(in_);
    rd_kafka_topic_destroy(out_);
    rd_kafka_destroy(receiver_);
    rd_kafka_purge(sender_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(sender_);
  }
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  // Waits until it is known what became of it.
  rd_kafka_resp_err_t send(int partition, const std::string& text) {
    report about;
    const int status = rd_kafka_produce(out_, partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(text.data()),
                                        text.size(), nullptr, 0, &about);
    return status == 0 ? about.wait() : rd_kafka_last_error();
  }
  // Empty if none came in time.
  std::string receive(int partition, int milliseconds) {
    const std::unique_ptr<rd_kafka_message_t, void (*)(rd_kafka_message_t*)> message(
        rd_kafka_consume(in_, partition, milliseconds), rd_kafka_message_destroy);
    if (message == nullptr) return {};
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return rd_kafka_err2str(message->err);
    return {static_cast<const char*>(message->payload), message->len};
  }
  void each_broker(const std::function<void(rd_kafka_mock_cluster_t*, std::int32_t)>& change) {
    for (std::int32_t id = 1; id <= k_brokers; ++id) change(mock_, id);
  }

 private:
  static rd_kafka_t* make_sender() {
    settings with;
    with.set("test.mock.num.brokers", std::to_string(k_brokers))
        .set("message.timeout.ms", "1500")
        .set("linger.ms", "1");
    rd_kafka_conf_set_dr_msg_cb(with.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
      static_cast<report*>(message->_private)->say(message->err);
    });
    return with.made(RD_KAFKA_PRODUCER);
  }

  rd_kafka_t* const sender_;
  rd_kafka_mock_cluster_t* const mock_;
  rd_kafka_t* receiver_ = nullptr;
  rd_kafka_topic_t *out_ = nullptr, *in_ = nullptr;
  std::atomic<bool> is_over_ = false;
  std::optional<weft::join_handle<void>> fiber_;
  std::thread thread_;
};

std::string text_for(const std::string& what, int i) { return what + ' ' + std::to_string(i); }

// Each waits for its own message, and all are sent only when all wait.
void wait_side_by_side(cluster& kafka, clients::bystanders& others) {
  weft::task_group crowd;
  std::atomic<int> begun = 0;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&, i] {
      ++begun;
      expect_equal(kafka.receive(i, 20'000), text_for("first", i), "a message");
    });
  clients::wait_until("all wait", [&] { return begun == k_crowd; });
  others.go_on();
  clients::expect_few_threads("while all wait for a message", k_threads_of_its_own);
  clients::at_once(k_crowd, [&](int i) {
    expect_equal(kafka.send(i, text_for("first", i)), RD_KAFKA_RESP_ERR_NO_ERROR, "the report of a message");
  });
  crowd.wait();
}

void send_and_receive(cluster& kafka, const std::string& what) {
  clients::at_once(k_crowd, [&](int i) {
    expect_equal(kafka.send(i, text_for(what, i)), RD_KAFKA_RESP_ERR_NO_ERROR, "a report, " + what);
    expect_equal(kafka.receive(i, 20'000), text_for(what, i), "a message, " + what);
  });
}

void brokers_that_are_slow(cluster& kafka, clients::bystanders& others) {
  kafka.each_broker([](auto* mock, std::int32_t id) { rd_kafka_mock_broker_set_rtt(mock, id, 200); });
  weft::task_group crowd;
  crowd.go([&] { send_and_receive(kafka, "slow"); });
  others.go_on();
  crowd.wait();
  kafka.each_broker([](auto* mock, std::int32_t id) { rd_kafka_mock_broker_set_rtt(mock, id, 0); });
}

void brokers_that_are_down(cluster& kafka, clients::bystanders& others) {
  kafka.each_broker([](auto* mock, std::int32_t id) { rd_kafka_mock_broker_set_down(mock, id); });
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&, i] {
      expect_equal(kafka.send(i, "lost"), RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, "a report of what nobody took");
      const std::string nothing = kafka.receive(i, 10);
      expect(nothing.find("lost") == std::string::npos, "nothing came, but '" + nothing + "'");
    });
  others.go_on();
  clients::expect_few_threads("while all brokers are down", k_threads_of_its_own);
  crowd.wait();
  kafka.each_broker([](auto* mock, std::int32_t id) { rd_kafka_mock_broker_set_up(mock, id); });
  send_and_receive(kafka, "again");
}

void check(const terms&) {
  clients::bystanders others;
  cluster kafka(true);
  wait_side_by_side(kafka, others);
  send_and_receive(kafka, "second");
  brokers_that_are_slow(kafka, others);
  brokers_that_are_down(kafka, others);
}

// Sends, and waits for the report; receives it, too, if so told. All share the cluster, which ends with the last of
// them.
class sends final : public clients::session {
 public:
  sends(const terms& told, int i) : partition_(i % k_crowd), receives_(told.has("receives")), kafka_(shared(told)) {}
  void request() override {
    if (const auto outcome = kafka_->send(partition_, "one"); outcome != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw std::runtime_error(rd_kafka_err2str(outcome));
    if (receives_ && kafka_->receive(partition_, 20'000) != "one") throw std::runtime_error("the message did not come");
  }

 private:
  static std::shared_ptr<cluster> shared(const terms& told) {
    static std::weak_ptr<cluster> known;
    auto kafka = known.lock();
    if (kafka == nullptr) known = kafka = std::make_shared<cluster>(told["how"] == "fibers");
    return kafka;
  }

  const int partition_;
  const bool receives_;
  const std::shared_ptr<cluster> kafka_;
};

}  // namespace

int main(int argc, char** argv) {
  return clients::run(argc, argv, {.check = check, .connect = [](const terms& told, int i) {
                                     return std::unique_ptr<clients::session>(new sends(told, i));
                                   }});
}
