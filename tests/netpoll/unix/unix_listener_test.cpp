// Room: tests of netpoll. unix_listener: addresses, the paths that it makes, replaces and removes, and running out.

#include <weft/netpoll/unix_listener.hpp>

#include <atomic>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>

#include <support/contains.hpp>
#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <weft/netpoll/dial_unix.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/this_fiber.hpp>

#include <faults.hpp>

#include "net_support.hpp"
#include "unix_support.hpp"

namespace weft::testing {
namespace {

using net::unix_listener;
using net::unix_stream;

template <class Call>
std::string refusal_of(Call call) {
  try {
    call();
    return "nothing was refused";
  } catch (const std::system_error& e) {
    return e.what();
  }
}

std::error_code error_of_listening(const std::string& address, const net::listen_unix_options& options = {}) {
  std::error_code ec;
  const bool is_open = net::listen_unix(address, options, ec).is_open();
  EXPECT_EQ(is_open, !ec);
  return ec;
}

FIBER_TEST(unix_listener, serves_by_a_path_and_by_an_abstract_name) {
  const scratch_directory at;
  for (const std::string& address : {at / "socket", "@weft-test-" + std::to_string(::getpid()), std::string("@")}) {
    auto listener = net::listen_unix(address);
    const std::string here = listener.local_address();
    EXPECT_TRUE(address == "@" ? here.size() > 1 && here[0] == '@' : here == address) << here;
    auto client = net::dial_unix(here);
    auto server = listener.accept();
    EXPECT_EQ(client.remote_address(), here);
    EXPECT_EQ(client.local_address(), "");
    EXPECT_EQ(server.local_address(), here);
    client.write_all("hello");
    char got[5];
    server.read_exactly(got);
    EXPECT_EQ(std::string(got, 5), "hello");
    listener.close();
    // A poll on another thread may hold the socket for a moment longer.
    std::error_code ec;
    wait_until([&] { return !net::dial_unix(here, ec).is_open(); });
    EXPECT_TRUE(ec == std::errc::no_such_file_or_directory || ec == std::errc::connection_refused) << ec.message();
  }
}

FIBER_TEST(unix_listener, addresses_that_are_none_are_refused_by_name) {
  const std::string too_long(200, 'x');
  EXPECT_EQ(error_of_listening(""), std::errc::invalid_argument);
  EXPECT_EQ(error_of_listening(std::string("a\0b", 3)), std::errc::invalid_argument);
  EXPECT_EQ(error_of_listening(too_long), std::errc::filename_too_long);
  EXPECT_EQ(error_of_listening("/nowhere/at/all"), std::errc::no_such_file_or_directory);
  EXPECT_TRUE(contains(refusal_of([&] { static_cast<void>(net::listen_unix(too_long)); }),
                       "listen_unix 'xxx.*200 bytes, and the system takes 107 at most.*relative path"));
  EXPECT_TRUE(contains(refusal_of([] { static_cast<void>(net::dial_unix("/nowhere")); }), "dial_unix '/nowhere'"));
}

FIBER_TEST(unix_listener, tcp_names_the_call_that_takes_a_path) {
  for (const char* path : {"unix:/run/app.sock", "/run/app.sock", "./app.sock", "@app", "unix:app"}) {
    std::error_code ec;
    EXPECT_FALSE(net::listen(path, ec).is_open());
    EXPECT_EQ(ec, net::errc::invalid_address) << path;
    EXPECT_TRUE(contains(refusal_of([=] { static_cast<void>(net::listen(path)); }), "net::listen_unix")) << path;
    EXPECT_TRUE(contains(refusal_of([=] { static_cast<void>(net::dial(path)); }), "net::dial_unix")) << path;
  }
}

FIBER_TEST(unix_listener, the_path_has_the_mode_that_was_asked_for) {
  const scratch_directory at;
  auto closed = net::listen_unix(at / "closed", {.mode = 0600});
  EXPECT_EQ(mode_of(at / "closed"), 0600u);
  auto open = net::listen_unix(at / "open", {.mode = 0666});
  EXPECT_EQ(mode_of(at / "open"), 0666u) << "whatever the umask";
  ::chmod((at / "open").c_str(), 0644);
  open.close();
  EXPECT_FALSE(is_there(at / "open")) << "another mode makes it no other one's";
}

FIBER_TEST(unix_listener, the_path_goes_with_it_but_for_another_ones) {
  const scratch_directory at;
  const std::string path = at / "socket";
  auto first = net::listen_unix(path);
  EXPECT_TRUE(is_there(path));
  std::error_code ec;
  first.close(ec);
  EXPECT_FALSE(ec);
  EXPECT_FALSE(is_there(path));
  first.close(ec);
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  {
    auto second = net::listen_unix(path);
    first = std::move(second);
    EXPECT_TRUE(is_there(path)) << "moved, not closed";
    ::unlink(path.c_str());
    leave_stale_socket(path, SOCK_STREAM);
  }
  first.close();
  EXPECT_TRUE(is_there(path)) << "it is not ours any more";
  first = net::listen_unix(path);
  first = net::listen_unix(at / "other");
  EXPECT_FALSE(is_there(path)) << "assigned over";
  auto staying = net::listen_unix(path, {.remove_on_close = false});
  staying.close();
  EXPECT_TRUE(is_there(path));
}

FIBER_TEST(unix_listener, a_stale_path_is_replaced_and_a_live_one_is_not) {
  const scratch_directory at;
  const std::string path = at / "socket";
  leave_stale_socket(path, SOCK_STREAM);
  EXPECT_EQ(error_of_listening(path, {.replace_stale = false}), std::errc::address_in_use);
  auto first = net::listen_unix(path, {.backlog = 1});
  EXPECT_EQ(error_of_listening(path), std::errc::address_in_use);
  EXPECT_TRUE(first.accept().is_open()) << "the look at it";
  std::vector<unix_stream> waiting;
  for (int i = 0; i < 2; ++i) waiting.push_back(net::dial_unix(path));  // as many as a backlog of 1 takes
  EXPECT_EQ(error_of_listening(path), std::errc::address_in_use) << "too busy to answer";
  EXPECT_TRUE(is_there(path));
}

// A file of the user's, a directory, a link to a stale socket, a socket of another kind that is alive.
FIBER_TEST(unix_listener, what_is_no_stale_socket_stays) {
  const scratch_directory at;
  std::ofstream(at / "file") << "precious";
  std::filesystem::create_directory(at / "directory");
  leave_stale_socket(at / "stale", SOCK_STREAM);
  std::filesystem::create_symlink(at / "stale", at / "link");
  const int alive = bind_plainly(at / "alive", SOCK_DGRAM);
  for (const char* name : {"file", "directory", "link", "alive"}) {
    EXPECT_EQ(error_of_listening((at / name)), std::errc::address_in_use) << name;
    EXPECT_TRUE(is_there((at / name))) << name;
  }
  ::close(alive);
}

// "Replacing": of many that start at once over a stale path one listens, and it is reached by the path afterwards.
FIBER_TEST(unix_listener, of_many_that_replace_a_path_at_once_one_does) {
  const scratch_directory at;
  for (int round = 0; round < 5; ++round) {
    const std::string path = at / "socket";
    leave_stale_socket(path, SOCK_STREAM);
    std::atomic<int> listening{0};
    std::vector<join_handle<unix_listener>> starting;
    for (int i = 0; i < 8; ++i) {
      starting.push_back(spawn([&] {
        std::error_code ec;
        auto listener = net::listen_unix(path, ec);
        EXPECT_TRUE(!ec || ec == std::errc::address_in_use) << ec.message();
        if (!ec) ++listening;
        return listener;
      }));
    }
    std::vector<unix_listener> listeners;
    for (auto& each : starting) listeners.push_back(each.join());
    ASSERT_EQ(listening, 1);
    auto client = net::dial_unix(path);
    for (auto& each : listeners) {
      if (!each.is_open()) continue;
      client.write_all("x");
      for (char got[1];;) {  // behind those who only looked
        std::error_code ec;
        auto served = each.accept();
        if (served.read_some(got, ec) == 1) break;
      }
    }
  }
}

// "Leaving a path": several close the old server at once, while the next one waits for its path, and keeps it.
FIBER_TEST(unix_listener, closing_by_many_takes_no_path_from_the_next_one) {
  const scratch_directory at;
  const std::string path = at / "socket";
  auto old = net::listen_unix(path);
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> closed{0};
    std::vector<join_handle<void>> closing;
    for (int i = 0; i < 3; ++i) {
      closing.push_back(spawn([&] {
        std::error_code ec;
        old.close(ec);
        if (!ec) ++closed;
      }));
    }
    unix_listener next;
    for (std::error_code ec; !next.is_open(); this_fiber::yield()) {
      next = net::listen_unix(path, ec);
      EXPECT_TRUE(!ec || ec == std::errc::address_in_use) << ec.message();
    }
    for (auto& each : closing) each.join();
    EXPECT_EQ(closed, 1);
    EXPECT_TRUE(net::dial_unix(path).is_open());
    old = std::move(next);
  }
}

// Who holds the directory for longer than a moment is not one of us.
FIBER_TEST(unix_listener, a_directory_that_stays_locked_is_no_obstacle_but_a_cancellation_point) {
  const scratch_directory at;
  const int held = ::open((at / "").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  auto starting = spawn([&] { static_cast<void>(net::listen_unix(at / "socket")); });
  await_parked(1, "sleep");
  starting.request_stop();
  try {
    starting.join();
  } catch (...) {  // what join makes of a cancelled fiber is its own affair
  }
  EXPECT_FALSE(is_there(at / "socket"));
  auto next = spawn([&] { return net::listen_unix(at / "socket"); });
  await_parked(1, "sleep");
  ::close(held);
  EXPECT_TRUE(next.join().is_open());
}

FIBER_TEST(unix_listener, ends_an_accept_by_deadline_close_and_cancellation) {
  const scratch_directory at;
  auto listener = net::listen_unix(at / "socket");
  const auto accept = [&listener] {
    std::error_code ec;
    static_cast<void>(listener.accept(ec));
    return ec;
  };
  auto accepting = spawn(accept);
  await_parked(1, "unix accept");
  listener.set_deadline(unix_listener::time_point::min());
  EXPECT_EQ(accepting.join(), std::errc::timed_out);
  listener.set_deadline(unix_listener::time_point::max());
  auto cancelled_one = spawn([&] { static_cast<void>(listener.accept()); });
  await_parked(1, "unix accept");
  cancelled_one.request_stop();
  EXPECT_ANY_THROW(cancelled_one.join());
  auto closed_one = spawn(accept);
  await_parked(1, "unix accept");
  listener.close();
  EXPECT_EQ(closed_one.join(), std::errc::operation_canceled);
  EXPECT_EQ(accept(), std::errc::bad_file_descriptor);
  EXPECT_NO_THROW(listener.set_deadline(std::chrono::seconds(1)));
}

FIBER_TEST(unix_listener, injected_shortages_and_broken_connections_lose_none) {
  const scratch_directory at;
  auto listener = net::listen_unix(at / "socket");
  std::vector<unix_stream> clients;
  for (int i = 0; i < 30; ++i) clients.push_back(net::dial_unix(at / "socket"));
  const net::detail::fault_injection faults(
      {.seed = seed_of_this_test(), .interrupted = 100, .exhausted = 256, .aborted = 256, .unwatched = 256});
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(listener.accept().is_open());
  EXPECT_GT(faults.injected(net::detail::fault::exhausted), 0u);
}

// A full backlog is no error of a Unix socket's connect that anybody would be woken for.
FIBER_TEST(dial_unix, waits_for_room_in_a_full_backlog) {
  const scratch_directory at;
  auto listener = net::listen_unix(at / "socket", {.backlog = 1});
  std::atomic<int> connected{0};
  std::vector<join_handle<unix_stream>> dialling;
  for (int i = 0; i < 6; ++i) {
    dialling.push_back(spawn([&] {
      auto conn = net::dial_unix(at / "socket");
      ++connected;
      return conn;
    }));
  }
  await_parked(4, "unix connect (backlog full)");
  wait_until([&] { return connected == 2; });
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(listener.accept().is_open());
  for (auto& each : dialling) EXPECT_TRUE(each.join().is_open());
}

FIBER_TEST(dial_unix, in_a_full_backlog_ends_by_deadline_and_cancellation_and_when_nobody_listens) {
  const scratch_directory at;
  auto listener = net::listen_unix(at / "socket", {.backlog = 0});
  auto first = net::dial_unix(at / "socket");
  std::error_code ec;
  EXPECT_FALSE(net::dial_unix(at / "socket", {.timeout = std::chrono::milliseconds(3)}, ec).is_open());
  EXPECT_EQ(ec, std::errc::timed_out);
  auto cancelled_one = spawn([&] { static_cast<void>(net::dial_unix(at / "socket")); });
  await_parked(1, "unix connect (backlog full)");
  cancelled_one.request_stop();
  EXPECT_ANY_THROW(cancelled_one.join());
  auto refused = spawn([&] {
    std::error_code why;
    static_cast<void>(net::dial_unix(at / "socket", why));
    return why;
  });
  await_parked(1, "unix connect (backlog full)");
  listener.close();
  const std::error_code why = refused.join();
  EXPECT_TRUE(why == std::errc::no_such_file_or_directory || why == std::errc::connection_refused) << why.message();
}

}  // namespace
}  // namespace weft::testing
