// Room: tests of async. boost::asio::ssl::stream over weft's streams, in blocking style.

#include <weft/asio.hpp>

#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <support/fiber_test.hpp>
#include <weft/netpoll/pipe.hpp>
#include <weft/netpoll/tcp.hpp>
#include <weft/runtime/runtime.hpp>
#include <weft/runtime/spawn.hpp>

namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

// Without certificates: keys are agreed upon, and nobody is who he says.
void be_anonymous(ssl::context& context) {
  context.set_options(ssl::context::no_tlsv1_3);
  ASSERT_EQ(SSL_CTX_set_cipher_list(context.native_handle(), "AECDH-AES256-SHA:@SECLEVEL=0"), 1);
}

// Asio's thread for the timers of ssl::stream is there before the first case counts descriptors.
[[maybe_unused]] const bool k_has_timers = [] {
  weft::run({.workers = 1},
            [] { asio::steady_timer(weft::executor(), std::chrono::milliseconds(1)).async_wait(weft::use_fiber); });
  return true;
}();

template <class Stream>
std::string talk_in_secret(Stream& client, Stream& server) {
  ssl::context context(ssl::context::tls);
  be_anonymous(context);
  weft::join_handle<void> answers = weft::spawn([&] {
    ssl::stream<weft::basic_asio_stream<Stream>> secure(server, context);
    secure.handshake(ssl::stream_base::server);
    std::string word(5, ' ');
    asio::read(secure, asio::buffer(word));
    asio::write(secure, asio::buffer(word + ", too"));
  });
  ssl::stream<weft::basic_asio_stream<Stream>> secure(client, context);
  secure.handshake(ssl::stream_base::client);
  asio::write(secure, asio::buffer(std::string_view("hello")));
  std::string answer(10, ' ');
  asio::read(secure, asio::buffer(answer));
  answers.join();
  return answer;
}

}  // namespace

FIBER_TEST(ssl_stream, blocks_the_fiber_over_tcp_and_over_a_pipe) {
  auto listener = weft::net::listen("127.0.0.1:0");
  auto dialed = weft::spawn([address = listener.local_address()] { return weft::net::dial(address); });
  weft::net::tcp_stream server = listener.accept();
  weft::net::tcp_stream client = dialed.join();
  EXPECT_EQ(talk_in_secret(client, server), "hello, too");
  auto [here, there] = weft::net::pipe();
  EXPECT_EQ(talk_in_secret(here, there), "hello, too");
}
