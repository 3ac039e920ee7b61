// Room: tests of posix. Queries of the domain name system, asked of a server of the test's own: a fiber, of the same
// worker where there is one.

#include <weft/posix_resolver.hpp>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <support/fiber_test.hpp>
#include <support/wait_until.hpp>
#include <weft/posix.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

namespace weft::testing {
namespace {

using resolver_state = struct __res_state;  // a function has the same name

// Answers "one.test" with an address, and of all else says that there is none; until it is asked for "end.test".
class name_server {
 public:
  name_server() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    at_.sin_family = AF_INET;
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at_);
    (void)::bind(socket_, reinterpret_cast<sockaddr*>(&at_), size);
    (void)::getsockname(socket_, reinterpret_cast<sockaddr*>(&at_), &size);
    serves_ = spawn([this] { serve(); });
  }
  ~name_server() {
    serves_.request_stop();
    serves_.join();
    posix::close(socket_);
  }
  name_server(const name_server&) = delete;
  name_server& operator=(const name_server&) = delete;

  // Asked by this state, and once alone.
  void rule(resolver_state& state) const {
    state.nscount = 1;
    state.nsaddr_list[0] = at_;
    state.retrans = 30;
    state.retry = 1;
  }

 private:
  static constexpr std::string_view k_known{"\3one\4test\0", 10};

  void serve() {
    unsigned char message[512];
    sockaddr_in from{};
    for (;;) {
      socklen_t size = sizeof(from);
      const ssize_t n =
          posix::recvfrom(socket_, message, sizeof(message), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) return;
      const std::size_t length = answer(message, static_cast<std::size_t>(n));
      (void)posix::sendto(socket_, message, length, 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  // In place: the question stays, what came behind it goes.
  static std::size_t answer(unsigned char (&message)[512], std::size_t) {
    constexpr std::size_t k_head = 12;
    const std::size_t name = std::strlen(reinterpret_cast<const char*>(message) + k_head) + 1;
    const bool is_known = std::string_view(reinterpret_cast<const char*>(message) + k_head, name) == k_known;
    message[2] = 0x81;                    // an answer, to one that may recurse
    message[3] = is_known ? 0x80 : 0x83;  // ... or there is no such name
    message[7] = is_known ? 1 : 0;        // answers
    std::memset(message + 8, 0, 4);
    std::size_t size = k_head + name + 4;
    if (!is_known) return size;
    constexpr unsigned char k_address[] = {0xc0, k_head, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7};
    std::memcpy(message + size, k_address, sizeof(k_address));
    return size + sizeof(k_address);
  }

  const int socket_;
  sockaddr_in at_{};
  join_handle<void> serves_;
};

void expect_address(const unsigned char* answer, int size) {
  ASSERT_GT(size, 4);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(answer) + size - 4, 4), std::string_view("\xc0\0\2\7", 4));
}

FIBER_TEST(posix_resolver, asks_by_a_state_of_the_callers) {
  const name_server server;
  resolver_state state{};
  ASSERT_EQ(::res_ninit(&state), 0);
  server.rule(state);
  unsigned char answer[512];
  expect_address(answer, posix::res_nquery(&state, "one.test", ns_c_in, ns_t_a, answer, sizeof(answer)));
  expect_address(answer, posix::res_nsearch(&state, "one.test.", ns_c_in, ns_t_a, answer, sizeof(answer)));
  expect_address(answer, posix::res_nquerydomain(&state, "one", "test", ns_c_in, ns_t_a, answer, sizeof(answer)));
  EXPECT_EQ(posix::res_nquery(&state, "two.test", ns_c_in, ns_t_a, answer, sizeof(answer)), -1);
  EXPECT_EQ(state.res_h_errno, HOST_NOT_FOUND);
  unsigned char query[512];
  const int size = ::res_nmkquery(&state, ns_o_query, "one.test", ns_c_in, ns_t_a, nullptr, 0, nullptr, query,
                                  static_cast<int>(sizeof(query)));
  ASSERT_GT(size, 0);
  expect_address(answer, posix::res_nsend(&state, query, size, answer, sizeof(answer)));
  ::res_nclose(&state);
}

// The thread's state is another one where the call is made: what was set here holds there.
__attribute__((no_sanitize("thread"))) void set_state_of_this_thread(const name_server& server) {
  ASSERT_EQ(::res_init(), 0);
  server.rule(_res);
}

FIBER_TEST(posix_resolver, asks_as_the_threads_state_says) {
  const pin_guard pin;
  const name_server server;
  set_state_of_this_thread(server);
  unsigned char answer[512];
  expect_address(answer, posix::res_query("one.test", ns_c_in, ns_t_a, answer, sizeof(answer)));
  expect_address(answer, posix::res_search("one.test.", ns_c_in, ns_t_a, answer, sizeof(answer)));
  expect_address(answer, posix::res_querydomain("one", "test", ns_c_in, ns_t_a, answer, sizeof(answer)));
  EXPECT_EQ(posix::res_query("two.test", ns_c_in, ns_t_a, answer, sizeof(answer)), -1);
  EXPECT_EQ(h_errno, HOST_NOT_FOUND);
}

FIBER_TEST(posix_resolver, asks_nothing_for_who_is_asked_to_end) {
  std::atomic<bool> has_begun{false};
  auto asked = spawn([&] {
    has_begun = true;
    {
      const shield_guard until_asked;
      while (!this_fiber::stop_token().stop_requested()) this_fiber::yield();
    }
    unsigned char answer[512];
    EXPECT_EQ(posix::res_query("one.test", ns_c_in, ns_t_a, answer, sizeof(answer)), -1);
    EXPECT_EQ(posix::last_error(), ECANCELED);
  });
  wait_until([&] { return has_begun.load(); });
  asked.request_stop();
  asked.join();
}

}  // namespace
}  // namespace weft::testing
