// Asio's io_context inside a fiber. It keeps the stack of those that run in the thread, so it has one of its own.

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "foreign_loop.hpp"

namespace {

namespace asio = boost::asio;
using namespace weft::testing;
using asio::ip::tcp;

struct conversation : std::enable_shared_from_this<conversation> {
  explicit conversation(tcp::socket with) : socket(std::move(with)) {}
  void listen() {
    socket.async_read_some(asio::buffer(buffer), [self = shared_from_this()](auto error, std::size_t size) {
      if (!error) self->answer(size);
    });
  }
  void answer(std::size_t size) {
    asio::async_write(socket, asio::buffer(buffer, size), [self = shared_from_this()](auto error, std::size_t) {
      if (!error) self->listen();
    });
  }

  tcp::socket socket;
  std::array<char, 2048> buffer{};
};

class asio_echo final : public foreign_loop {
 public:
  std::uint16_t begin() override {
    accept();
    tick();
    return acceptor_.local_endpoint().port();
  }
  void run() override { context_.run(); }
  [[nodiscard]] int ticks() const override { return ticks_; }
  void stop() override {
    asio::post(context_, [this] { context_.stop(); });
  }

 private:
  void accept() {
    acceptor_.async_accept([this](auto error, tcp::socket conn) {
      if (error) return;
      std::make_shared<conversation>(std::move(conn))->listen();
      accept();
    });
  }
  void tick() {
    timer_.expires_after(std::chrono::milliseconds(1));
    timer_.async_wait([this](auto error) {
      if (error) return;
      ++ticks_;
      tick();
    });
  }

  asio::io_context context_;
  tcp::acceptor acceptor_{context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  asio::steady_timer timer_{context_};
  std::atomic<int> ticks_{0};
};

std::unique_ptr<foreign_loop> make() { return std::make_unique<asio_echo>(); }

TEST(asio_loop, serves_fibers_from_its_own_thread) { expect_to_serve_fibers(make, seat_of_loop::a_thread_of_its_own); }
TEST(asio_loop, many_stand_side_by_side) { expect_to_run_side_by_side(make, seat_of_loop::a_thread_of_its_own); }
TEST(asio_loop, ends_with_the_runtime) { expect_to_end_with_the_runtime(make, seat_of_loop::a_thread_of_its_own); }
// Alone on its worker's thread but for fibers that never enter it.
TEST(asio_loop, may_run_among_fibers_that_have_no_other) { expect_to_serve_fibers(make, seat_of_loop::any_worker); }

}  // namespace
