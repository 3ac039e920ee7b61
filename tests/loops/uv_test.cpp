// libuv's loop inside a fiber.

#include <atomic>
#include <cstdlib>
#include <memory>

#include <gtest/gtest.h>
#include <uv.h>

#include "foreign_loop.hpp"

namespace {

using namespace weft::testing;

class uv_echo final : public foreign_loop {
 public:
  uv_echo() { uv_loop_init(&loop_); }
  ~uv_echo() override { EXPECT_EQ(uv_loop_close(&loop_), 0); }

  std::uint16_t begin() override {
    const sockaddr_in where = loopback();
    uv_tcp_init(&loop_, &listener_);
    uv_tcp_bind(&listener_, reinterpret_cast<const sockaddr*>(&where), 0);
    uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 64, &on_connection);
    uv_timer_init(&loop_, &timer_);
    timer_.data = this;
    uv_timer_start(
        &timer_, [](uv_timer_t* t) { ++static_cast<uv_echo*>(t->data)->ticks_; }, 1, 1);
    uv_async_init(&loop_, &stopping_, [](uv_async_t* a) { uv_walk(a->loop, &close_one, nullptr); });
    uv_os_fd_t fd = -1;
    uv_fileno(reinterpret_cast<uv_handle_t*>(&listener_), &fd);
    return port_of(fd);
  }
  void run() override { uv_run(&loop_, UV_RUN_DEFAULT); }
  [[nodiscard]] int ticks() const override { return ticks_; }
  void stop() override { uv_async_send(&stopping_); }

 private:
  struct reply {
    uv_write_t request;
    uv_buf_t buffer;
  };

  static void close_one(uv_handle_t* handle, void*) {
    if (!uv_is_closing(handle)) uv_close(handle, handle->type == UV_TCP && handle->data != nullptr ? &drop : nullptr);
  }
  static void drop(uv_handle_t* handle) { delete static_cast<uv_tcp_t*>(handle->data); }
  static void allocate(uv_handle_t*, std::size_t size, uv_buf_t* to) {
    *to = uv_buf_init(static_cast<char*>(std::malloc(size)), static_cast<unsigned>(size));
  }
  static void on_connection(uv_stream_t* listener, int) {
    auto* const conn = new uv_tcp_t;
    uv_tcp_init(listener->loop, conn);
    conn->data = conn;
    uv_accept(listener, reinterpret_cast<uv_stream_t*>(conn));
    uv_read_start(reinterpret_cast<uv_stream_t*>(conn), &allocate, &on_read);
  }
  static void on_read(uv_stream_t* conn, ssize_t size, const uv_buf_t* buffer) {
    if (size <= 0) {
      std::free(buffer->base);
      if (size < 0) close_one(reinterpret_cast<uv_handle_t*>(conn), nullptr);
      return;
    }
    auto* const back = new reply{{}, uv_buf_init(buffer->base, static_cast<unsigned>(size))};
    back->request.data = back;
    uv_write(&back->request, conn, &back->buffer, 1, [](uv_write_t* done, int) {
      const std::unique_ptr<reply> owned(static_cast<reply*>(done->data));
      std::free(owned->buffer.base);
    });
  }

  uv_loop_t loop_{};
  uv_tcp_t listener_{};
  uv_timer_t timer_{};
  uv_async_t stopping_{};
  std::atomic<int> ticks_{0};
};

std::unique_ptr<foreign_loop> make() { return std::make_unique<uv_echo>(); }

TEST(uv_loop, serves_fibers_on_their_workers) { expect_to_serve_fibers(make, seat_of_loop::any_worker); }
TEST(uv_loop, many_stand_side_by_side) { expect_to_run_side_by_side(make, seat_of_loop::any_worker); }
TEST(uv_loop, ends_with_the_runtime) { expect_to_end_with_the_runtime(make, seat_of_loop::any_worker); }
TEST(uv_loop, has_a_thread_of_its_own) { expect_to_run_side_by_side(make, seat_of_loop::a_thread_of_its_own); }

}  // namespace
