// Room: tests of tls. Handshakes: who is believed, what is agreed on, what is resumed.

#include <array>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <support/contains.hpp>
#include <support/expect_error.hpp>
#include <support/fiber_test.hpp>
#include <support/wait_until.hpp>
#include <weft/runtime/with_timeout.hpp>
#include <weft/tls.hpp>

#include "context_core.hpp"
#include "tls_support.hpp"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;
using tls::context;
using tls::version;

std::string said(tls::stream& from, std::size_t size) {
  std::string text(size, '\0');
  from.read_exactly(text);
  return text;
}

// Both speak, and both end.
void expect_conversation(tls_pair& of) {
  ASSERT_FALSE(of.client_error) << of.client_error.message();
  ASSERT_FALSE(of.server_error) << of.server_error.message();
  of.client.write_all("question");
  EXPECT_EQ(said(of.server, 8), "question");
  of.server.write_all("answer");
  EXPECT_EQ(said(of.client, 6), "answer");
  of.client.shutdown_write();
  of.server.shutdown_write();
  char more[1];
  EXPECT_EQ(of.server.read_some(more), 0u);
  EXPECT_EQ(of.client.read_some(more), 0u);
}

FIBER_TEST(tls, shakes_hands_and_tells_what_was_agreed) {
  for (const auto what : {below::pipe, below::tcp}) {
    auto both = shake(what);
    expect_conversation(both);
    EXPECT_EQ(both.client.version(), version::tls_1_3);
    EXPECT_EQ(both.server.version(), version::tls_1_3);
    EXPECT_EQ(both.client.cipher(), "TLS_AES_128_GCM_SHA256");
    EXPECT_EQ(both.client.cipher(), both.server.cipher());
    EXPECT_EQ(both.server.server_name(), "a.test");
    EXPECT_EQ(both.client.alpn(), "");
    const auto shown = both.client.peer_certificate();
    EXPECT_EQ(shown.subject, "CN=a.test");
    EXPECT_EQ(shown.issuer, "CN=Test Authority");
    EXPECT_EQ(shown.names, (std::vector<std::string>{"a.test", "*.b.test", "127.0.0.1"}));
    EXPECT_EQ(shown.pem, our_identity().certificate);
    EXPECT_EQ(both.server.peer_certificate().subject, "");
  }
}

// What a client of another library offers, the one that it likes best first.
FIBER_TEST(tls, the_server_takes_the_cipher_that_it_likes_best_of_those_offered) {
  const std::pair<const char*, const char*> offers[] = {
      {"TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
      {"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
      {"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"},  // it may have no AES
  };
  for (const auto& [offered, taken] : offers) {
    const auto client = context::client(trusting_client());
    ASSERT_EQ(SSL_CTX_set_ciphersuites(client.core()->ssl.get(), offered), 1);
    auto both = shake(below::pipe, client);
    expect_conversation(both);
    EXPECT_EQ(both.server.cipher(), taken) << "of " << offered;
  }
}

// --- Who is believed.

struct refusal_case {
  const char* name;
  identity server;
  bool is_trusted;
  int says;
};

std::vector<refusal_case> refusal_cases() {
  static const authority& stranger = *new authority("Stranger");
  const auto& own = our_authority();
  return {
      {"other.test", our_identity(), true, X509_V_ERR_HOSTNAME_MISMATCH},
      {"x.y.b.test", our_identity(), true, X509_V_ERR_HOSTNAME_MISMATCH},
      {"127.0.0.2", our_identity(), true, X509_V_ERR_IP_ADDRESS_MISMATCH},
      {"a.test", own.issue("a.test", "DNS:a.test", {-7200, -3600}), true, X509_V_ERR_CERT_HAS_EXPIRED},
      {"a.test", own.issue("a.test", "DNS:a.test", {3600, 7200}), true, X509_V_ERR_CERT_NOT_YET_VALID},
      {"a.test", stranger.issue("a.test", "DNS:a.test"), true, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
  };
}

FIBER_TEST(tls, believes_no_server_that_cannot_prove_its_name) {
  static const auto cases = refusal_cases();
  for (const auto& each : cases) {
    tls::server_options options;
    options.certificate_pem = each.server.certificate;
    options.key_pem = each.server.key;
    auto both = shake(below::pipe, default_client_context(), context::server(options), each.name);
    EXPECT_EQ(both.client_error, std::error_code(each.says, tls::certificate_category()))
        << both.client_error.message();
    EXPECT_EQ(both.client_error.message(), X509_verify_cert_error_string(each.says));
    EXPECT_FALSE(both.client.is_open());
    // In TLS 1.3 the server is done before it hears of it: then its first read does.
    char buf[1];
    if (!both.server_error) both.server.read_some(buf, both.server_error);
    EXPECT_EQ(both.server_error.category(), tls::openssl_category());
    EXPECT_TRUE(contains(both.server_error.message(), "alert")) << both.server_error.message();
  }
}

FIBER_TEST(tls, believes_every_name_of_a_certificate) {
  for (const char* name : {"a.test", "A.Test", "a.test.", "x.b.test", "127.0.0.1"}) {
    auto both = shake(below::pipe, default_client_context(), default_server_context(), name);
    expect_conversation(both);
  }
  for (const char* name : {"", "a b.test/"}) {
    auto both = shake(below::pipe, default_client_context(), default_server_context(), name);
    EXPECT_TRUE(both.client_error) << name;
  }
}

FIBER_TEST(tls, tells_whom_the_certificate_is_for) {
  auto [near, far] = net::pipe();
  auto accepting = spawn([far = std::move(far)]() mutable {
    std::error_code ec;
    auto conn = tls::accept(std::move(far), default_server_context(), ec);
  });
  try {
    auto conn = tls::connect(std::move(near), "other.test", {.context = default_client_context()});
    ADD_FAILURE() << "was believed";
  } catch (const std::system_error& error) {
    for (const char* word : {"tls::connect", "other.test", "is for a.test, ..b.test, 127.0.0.1", "ostname mismatch"})
      EXPECT_TRUE(contains(error.what(), word)) << error.what();
  }
  accepting.join();
}

FIBER_TEST(tls, believes_anyone_only_if_told_to) {
  auto options = trusting_client();
  options.verify = false;
  auto both = shake(below::pipe, context::client(options), default_server_context(), "other.test");
  expect_conversation(both);
  auto unknown = shake(below::pipe, context::client());  // whom the system trusts: not us
  EXPECT_EQ(unknown.client_error.category(), tls::certificate_category());
}

// --- Certificates of clients.

tls::server_options asking(tls::client_certificates how) {
  auto options = our_server();
  options.client_certificates = how;
  options.trust_pem = our_authority().pem();
  return options;
}

FIBER_TEST(tls, asks_clients_for_certificates) {
  const auto required = context::server(asking(tls::client_certificates::require));
  const auto requested = context::server(asking(tls::client_certificates::request));
  const auto own = our_authority().issue("client 1", "");
  auto options = trusting_client();
  options.certificate_pem = own.certificate;
  options.key_pem = own.key;
  const auto known = context::client(options);
  for (const auto& server : {required, requested}) {
    auto both = shake(below::pipe, known, server);
    expect_conversation(both);
    EXPECT_EQ(both.server.peer_certificate().subject, "CN=client 1");
  }
  auto nobody = shake(below::pipe, default_client_context(), requested);
  expect_conversation(nobody);
  auto refused = shake(below::pipe, context::client(trusting_client()), required);
  EXPECT_EQ(refused.server_error.message(), "peer did not return a certificate");
  char buf[1];
  if (!refused.client_error) refused.client.read_some(buf, refused.client_error);
  EXPECT_TRUE(contains(refused.client_error.message(), "certificate required")) << refused.client_error.message();
}

// --- What is agreed on.

FIBER_TEST(tls, agrees_on_a_protocol) {
  auto server_options = our_server();
  server_options.alpn = {"h2", "http/1.1"};
  const auto server = context::server(server_options);
  const auto offering = [&](std::vector<std::string> offered) {
    auto options = trusting_client();
    options.alpn = std::move(offered);
    return shake(below::pipe, context::client(options), server);
  };
  auto agreed = offering({"http/1.1", "h2"});
  EXPECT_EQ(agreed.client.alpn(), "h2");
  EXPECT_EQ(agreed.server.alpn(), "h2");
  auto silent = offering({});
  EXPECT_EQ(silent.client.alpn(), "");
  expect_conversation(silent);
  auto strange = offering({"smtp"});
  EXPECT_TRUE(contains(strange.client_error.message(), "no application protocol")) << strange.client_error.message();
  EXPECT_TRUE(strange.server_error);
}

FIBER_TEST(tls, serves_each_name_by_its_own_context) {
  const auto of = [](const std::string& name, bool is_asking) {
    const auto own = our_authority().issue(name, "DNS:" + name);
    auto options = is_asking ? asking(tls::client_certificates::require) : our_server();
    options.certificate_pem = own.certificate;
    options.key_pem = own.key;
    return options;
  };
  auto options = our_server();
  options.names.emplace("C.test", context::server(of("c.test", false)));
  options.names.emplace("*.d.test", context::server(of("x.d.test", false)));
  options.names.emplace("e.test", context::server(of("e.test", true)));
  const auto server = context::server(options);
  const auto client = context::client(trusting_client());
  for (const char* name : {"c.test", "x.d.test", "a.test"}) {
    for (int round = 0; round < 2; ++round) {  // the second one resumes
      auto both = shake(below::pipe, client, server, name);
      expect_conversation(both);
      EXPECT_EQ(both.client.peer_certificate().subject, std::string("CN=") + name);
      EXPECT_EQ(both.server.server_name(), name);
      EXPECT_EQ(both.client.is_resumed(), round == 1);
    }
  }
  auto refused = shake(below::pipe, client, server, "e.test");
  EXPECT_EQ(refused.server_error.message(), "peer did not return a certificate");
}

FIBER_TEST(tls, resumes_sessions_of_both_versions) {
  for (const auto newest : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto server = context::server(our_server());
    SSL_CTX_set_max_proto_version(server.core()->ssl.get(), newest);
    const auto client = context::client(trusting_client());
    auto options = trusting_client();
    options.resume = false;
    const auto forgetful = context::client(options);
    for (int round = 0; round < 3; ++round) {
      auto both = shake(below::pipe, client, server);
      expect_conversation(both);  // in TLS 1.3 tickets come with the first bytes
      EXPECT_EQ(both.client.is_resumed(), round != 0) << newest << ' ' << round;
      EXPECT_EQ(both.server.is_resumed(), round != 0);
      EXPECT_EQ(both.client.version() == version::tls_1_3, newest == TLS1_3_VERSION);
      EXPECT_EQ(both.client.peer_certificate().subject, "CN=a.test");
      auto other = shake(below::pipe, forgetful, server);
      expect_conversation(other);
      EXPECT_FALSE(other.client.is_resumed());
    }
    // Another name is another session: it is checked anew.
    auto elsewhere = shake(below::pipe, client, server, "other.test");
    EXPECT_EQ(elsewhere.client_error.value(), X509_V_ERR_HOSTNAME_MISMATCH);
  }
}

FIBER_TEST(tls, speaks_no_version_below_the_least) {
  auto options = our_server();
  options.min_version = version::tls_1_3;
  auto old = trusting_client();
  const auto client = context::client(old);
  SSL_CTX_set_max_proto_version(client.core()->ssl.get(), TLS1_2_VERSION);
  auto both = shake(below::pipe, client, context::server(options));
  EXPECT_TRUE(contains(both.client_error.message(), "protocol version")) << both.client_error.message();
  EXPECT_EQ(both.server_error.message(), "unsupported protocol");
}

// --- What is no handshake.

FIBER_TEST(tls, tells_what_is_no_tls) {
  auto [near, far] = net::pipe();
  near.write_all("GET / HTTP/1.0\r\n\r\n");
  std::error_code ec;
  auto server = tls::accept(std::move(far), default_server_context(), ec);
  EXPECT_EQ(ec.message(), "http request");
  auto [left, right] = net::pipe();
  left.close();
  server = tls::accept(std::move(right), default_server_context(), ec);
  EXPECT_EQ(ec, tls::errc::truncated);
}

FIBER_TEST(tls, a_handshake_ends_by_its_time_limit_and_by_cancellation) {
  auto [near, far] = net::pipe();
  std::error_code ec;
  auto conn = tls::connect(std::move(near), "a.test", {.context = default_client_context(), .timeout = 1ms}, ec);
  EXPECT_EQ(ec, std::errc::timed_out);
  EXPECT_FALSE(conn.is_open());

  auto [left, right] = net::pipe();
  bool is_unwound = false;
  auto accepting = spawn([&, right = std::move(right)]() mutable {
    try {
      std::error_code none;
      auto never = tls::accept(std::move(right), default_server_context(), none);
    } catch (const cancelled&) {
      is_unwound = true;
      throw;
    }
  });
  wait_until_all_parked();
  accepting.request_stop();
  expect_error(std::errc::operation_canceled, [&] { accepting.join(); });
  EXPECT_TRUE(is_unwound);
  char buf[1];
  EXPECT_EQ(left.read_some(buf), 0u) << "the stream below was closed";
}

// --- "One stretch".

FIBER_TEST(tls, the_errors_of_one_connection_are_never_anothers) {
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);  // what some other fiber has left on this thread
  auto healthy = shake();
  auto [near, far] = net::pipe();
  auto failing = spawn([far = std::move(far)]() mutable {
    for (int i = 0; i < 3; ++i) this_fiber::yield();
    std::error_code ec;
    auto conn = tls::accept(std::move(far), default_server_context(), ec);
    return ec;
  });
  near.write_all("this is no hello of any kind");
  for (int i = 0; i < 10; ++i) {
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    healthy.client.write_all("ping");
    this_fiber::yield();
    EXPECT_EQ(said(healthy.server, 4), "ping");
  }
  EXPECT_EQ(failing.join().message(), "wrong version number");
  expect_conversation(healthy);
  ERR_clear_error();
}

// --- Contexts.

template <class Make>
std::string refusal_of(Make make) {
  try {
    static_cast<void>(make());
  } catch (const std::exception& error) {
    return error.what();
  }
  return "was taken";
}

TEST(tls_context, refuses_what_does_not_fit_by_its_name) {
  const auto other = our_authority().issue("a.test", "DNS:a.test");
  const auto with = [](auto change) {
    auto options = our_server();
    change(options);
    return refusal_of([&] { return context::server(options); });
  };
  EXPECT_TRUE(contains(refusal_of([] { return context::server("/no/cert.pem", "/no/key.pem"); }), "/no/cert.pem"));
  EXPECT_TRUE(contains(refusal_of([] { return context::server(tls::server_options{}); }), "certificate_file"));
  EXPECT_TRUE(contains(with([](auto& o) { o.key_pem.clear(); }), "needs its key"));
  EXPECT_TRUE(contains(with([](auto& o) { o.key_pem = "nonsense"; }), "key_pem"));
  EXPECT_TRUE(contains(with([](auto& o) { o.certificate_pem = "nonsense"; }), "certificate_pem"));
  EXPECT_TRUE(contains(with([&](auto& o) { o.key_pem = other.key; }), "key_pem"));
  EXPECT_TRUE(contains(with([](auto& o) { o.trust_pem = "nonsense"; }), "trust_pem"));
  EXPECT_TRUE(contains(with([](auto& o) { o.alpn = {""}; }), "alpn"));
  EXPECT_TRUE(contains(with([](auto& o) { o.client_certificates = tls::client_certificates::require; }), "vouches"));
  EXPECT_TRUE(contains(with([](auto& o) { o.names.emplace("x.test", default_client_context()); }), "x.test"));
}

FIBER_TEST(tls, refuses_the_context_of_the_other_side) {
  auto both = shake(below::pipe, default_server_context(), default_client_context());
  EXPECT_EQ(both.client_error, tls::errc::no_context);
  EXPECT_EQ(both.server_error, tls::errc::no_context);
}

}  // namespace
}  // namespace weft::testing
