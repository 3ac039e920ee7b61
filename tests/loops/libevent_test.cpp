// libevent's loop inside a fiber.

#include <atomic>
#include <memory>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <gtest/gtest.h>

#include "foreign_loop.hpp"

namespace {

using namespace weft::testing;

class libevent_echo final : public foreign_loop {
 public:
  libevent_echo() {
    static const int with_locks = evthread_use_pthreads();  // before the first base
    (void)with_locks;
    base_ = event_base_new();
  }
  ~libevent_echo() override {
    event_free(timer_);
    evconnlistener_free(listener_);
    event_base_free(base_);
  }

  std::uint16_t begin() override {
    const sockaddr_in where = loopback();
    listener_ = evconnlistener_new_bind(base_, &on_connection, base_, LEV_OPT_CLOSE_ON_FREE, 64,
                                        reinterpret_cast<const sockaddr*>(&where), sizeof where);
    timer_ = event_new(
        base_, -1, EV_PERSIST, [](evutil_socket_t, short, void* self) { ++static_cast<libevent_echo*>(self)->ticks_; },
        this);
    const timeval each{0, 1000};
    event_add(timer_, &each);
    return port_of(evconnlistener_get_fd(listener_));
  }
  void run() override { event_base_loop(base_, EVLOOP_NO_EXIT_ON_EMPTY); }
  [[nodiscard]] int ticks() const override { return ticks_; }
  void stop() override { event_base_loopexit(base_, nullptr); }

 private:
  static void on_connection(evconnlistener*, evutil_socket_t fd, sockaddr*, int, void* base) {
    bufferevent* const conn =
        bufferevent_socket_new(static_cast<event_base*>(base), fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_THREADSAFE);
    bufferevent_setcb(
        conn, [](bufferevent* from, void*) { bufferevent_write_buffer(from, bufferevent_get_input(from)); }, nullptr,
        [](bufferevent* from, short what, void*) {
          if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) bufferevent_free(from);
        },
        nullptr);
    bufferevent_enable(conn, EV_READ | EV_WRITE);
  }

  event_base* base_ = nullptr;
  evconnlistener* listener_ = nullptr;
  event* timer_ = nullptr;
  std::atomic<int> ticks_{0};
};

std::unique_ptr<foreign_loop> make() { return std::make_unique<libevent_echo>(); }

TEST(libevent_loop, serves_fibers_on_their_workers) { expect_to_serve_fibers(make, seat_of_loop::any_worker); }
TEST(libevent_loop, many_stand_side_by_side) { expect_to_run_side_by_side(make, seat_of_loop::any_worker); }
TEST(libevent_loop, ends_with_the_runtime) { expect_to_end_with_the_runtime(make, seat_of_loop::any_worker); }
TEST(libevent_loop, has_a_thread_of_its_own) { expect_to_run_side_by_side(make, seat_of_loop::a_thread_of_its_own); }

}  // namespace
