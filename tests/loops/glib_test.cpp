// GLib's main loop inside a fiber. It keeps the stack of its contexts in the thread, so it has one of its own.

#include <atomic>
#include <memory>

#include <gio/gio.h>
#include <gtest/gtest.h>

#include "foreign_loop.hpp"

namespace {

using namespace weft::testing;

class glib_echo final : public foreign_loop {
 public:
  glib_echo() : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)) {
    g_main_context_push_thread_default(context_);
  }
  ~glib_echo() override {
    g_source_destroy(timer_);
    g_source_unref(timer_);
    g_socket_service_stop(service_);
    g_socket_listener_close(G_SOCKET_LISTENER(service_));
    g_object_unref(service_);
    while (g_main_context_iteration(context_, FALSE)) {
    }
    g_main_context_pop_thread_default(context_);
    g_main_loop_unref(loop_);
    g_main_context_unref(context_);
  }

  std::uint16_t begin() override {
    service_ = g_socket_service_new();
    g_signal_connect(service_, "incoming", G_CALLBACK(&on_connection), nullptr);
    const std::uint16_t port = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(service_), nullptr, nullptr);
    timer_ = g_timeout_source_new(1);
    g_source_set_callback(timer_, &on_tick, this, nullptr);
    g_source_attach(timer_, context_);
    return port;
  }
  void run() override { g_main_loop_run(loop_); }
  [[nodiscard]] int ticks() const override { return ticks_; }
  void stop() override { g_main_loop_quit(loop_); }

 private:
  struct conversation {
    GSocketConnection* conn;
    char buffer[2048];
    gsize size = 0;
  };

  static gboolean on_tick(gpointer self) {
    ++static_cast<glib_echo*>(self)->ticks_;
    return G_SOURCE_CONTINUE;
  }
  static gboolean on_connection(GSocketService*, GSocketConnection* conn, GObject*, gpointer) {
    listen_to(new conversation{static_cast<GSocketConnection*>(g_object_ref(conn)), {}});
    return TRUE;
  }
  static void listen_to(conversation* with) {
    g_input_stream_read_async(g_io_stream_get_input_stream(G_IO_STREAM(with->conn)), with->buffer, sizeof with->buffer,
                              G_PRIORITY_DEFAULT, nullptr, &on_read, with);
  }
  static void on_read(GObject* from, GAsyncResult* result, gpointer data) {
    auto* const with = static_cast<conversation*>(data);
    const gssize size = g_input_stream_read_finish(G_INPUT_STREAM(from), result, nullptr);
    if (size <= 0) return end(with);
    with->size = static_cast<gsize>(size);
    g_output_stream_write_all_async(g_io_stream_get_output_stream(G_IO_STREAM(with->conn)), with->buffer, with->size,
                                    G_PRIORITY_DEFAULT, nullptr, &on_written, with);
  }
  static void on_written(GObject* to, GAsyncResult* result, gpointer data) {
    auto* const with = static_cast<conversation*>(data);
    if (g_output_stream_write_all_finish(G_OUTPUT_STREAM(to), result, nullptr, nullptr)) return listen_to(with);
    end(with);
  }
  static void end(conversation* with) {
    g_io_stream_close(G_IO_STREAM(with->conn), nullptr, nullptr);
    g_object_unref(with->conn);
    delete with;
  }

  GMainContext* context_;
  GMainLoop* loop_;
  GSocketService* service_ = nullptr;
  GSource* timer_ = nullptr;
  std::atomic<int> ticks_{0};
};

std::unique_ptr<foreign_loop> make() { return std::make_unique<glib_echo>(); }

TEST(glib_loop, serves_fibers_from_its_own_thread) { expect_to_serve_fibers(make, seat_of_loop::a_thread_of_its_own); }
TEST(glib_loop, many_stand_side_by_side) { expect_to_run_side_by_side(make, seat_of_loop::a_thread_of_its_own); }
TEST(glib_loop, ends_with_the_runtime) { expect_to_end_with_the_runtime(make, seat_of_loop::a_thread_of_its_own); }

}  // namespace
