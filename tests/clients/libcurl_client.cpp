// Room: tests of clients. libcurl's easy interface against nginx: HTTP/1.1, plain and over TLS, and what stands behind
// it; and against the example of an HTTP server, if the runner tells of one.

#include <memory>
#include <stdexcept>
#include <string>

#include <curl/curl.h>

#include "client_support.hpp"

namespace {

using clients::expect;
using clients::expect_equal;
using clients::k_crowd;
using clients::terms;

// One connection, kept alive.
class easy {
 public:
  explicit easy(const terms& told) : handle_(curl_easy_init()) {
    set(CURLOPT_WRITEFUNCTION, &append);
    set(CURLOPT_WRITEDATA, &body_);
    set(CURLOPT_NOPROXY, "*");
    if (told.has("ca")) set(CURLOPT_CAINFO, told["ca"].c_str());
  }
  ~easy() { curl_easy_cleanup(handle_); }
  easy(const easy&) = delete;
  easy& operator=(const easy&) = delete;

  CURLcode get(const std::string& url) {
    body_.clear();
    set(CURLOPT_URL, url.c_str());
    return curl_easy_perform(handle_);
  }
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(handle_, option, value);
  }
  [[nodiscard]] const std::string& body() const { return body_; }
  [[nodiscard]] long connections_made() {
    long made = 0;
    curl_easy_getinfo(handle_, CURLINFO_NUM_CONNECTS, &made);
    return made;
  }

 private:
  static std::size_t append(const char* data, std::size_t one, std::size_t size, std::string* body) {
    body->append(data, one * size);
    return one * size;
  }

  CURL* const handle_;
  std::string body_;
};

std::string plain(const terms& told) { return "http://127.0.0.1:" + told["port"]; }
std::string secure(const terms& told) { return "https://127.0.0.1:" + told["tls_port"]; }

void expect_body(easy& http, const std::string& url, const std::string& body) {
  expect_equal(curl_easy_strerror(http.get(url)), curl_easy_strerror(CURLE_OK), url);
  expect_equal(http.body(), body, url);
}

void answers_are_right(const terms& told, const std::string& site) {
  std::string large;
  for (int i = 0; i < 256 * 1200; ++i) large += static_cast<char>(i % 256);
  clients::at_once(k_crowd, [&](int i) {
    easy http(told);
    expect_body(http, site + "/small", "hello from a file\n");
    expect_equal(http.get(site + "/large"), CURLE_OK, "much");
    expect(http.body() == large, "much comes as it is");
    expect_equal(http.connections_made(), 0, "connections for the second request");
    expect_body(http, site + "/behind/" + std::to_string(i), "/" + std::to_string(i));
  });
}

// By libcurl's own resolver, which is a thread that it makes.
void by_name(const terms& told) {
  clients::at_once(10, [&](int) {
    easy http(told);
    expect_body(http, "http://localhost:" + told["port"] + "/small", "hello from a file\n");
  });
}

void who_is_not_trusted(const terms& told) {
  easy http(told);
  http.set(CURLOPT_CAINFO, "/dev/null");
  const CURLcode outcome = http.get(secure(told) + "/small");
  expect(outcome == CURLE_SSL_CACERT_BADFILE || outcome == CURLE_PEER_FAILED_VERIFICATION,
         std::string("who is not trusted: ") + curl_easy_strerror(outcome));
}

// What stands behind nginx answers nobody before all have asked.
void wait_side_by_side(const terms& told, const std::string& site, clients::bystanders& others) {
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&told, &site, i] {
      easy http(told);
      expect_body(http, site + "/behind/held" + std::to_string(i), "/held" + std::to_string(i));
    });
  clients::ask("until_held " + std::to_string(k_crowd));
  clients::expect_few_threads("while all wait for an answer");
  others.go_on();
  clients::ask("release");
  crowd.wait();
}

void a_server_that_stops(const terms& told, clients::bystanders& others) {
  clients::stop_the_server(others, [&told](int i, bool is_patient) {
    const std::string url = (i % 4 < 2 ? plain(told) : secure(told)) + "/small";
    const auto http = std::make_shared<easy>(told);
    expect_body(*http, url, "hello from a file\n");
    if (!is_patient) http->set(CURLOPT_TIMEOUT_MS, 200L);
    return [http, url, is_patient] {
      if (is_patient) return expect_body(*http, url, "hello from a file\n");
      expect_equal(http->get(url), CURLE_OPERATION_TIMEDOUT, "who is impatient");
    };
  });
}

void a_server_that_dies(const terms& told, clients::bystanders& others) {
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([&told, i] {
      easy http(told);
      const CURLcode outcome = http.get((i % 2 == 0 ? plain(told) : secure(told)) + "/behind/held");
      expect(outcome == CURLE_GOT_NOTHING || outcome == CURLE_RECV_ERROR,
             std::string("the end of the server is said: ") + curl_easy_strerror(outcome));
    });
  clients::ask("until_held " + std::to_string(k_crowd));
  clients::ask("kill");
  crowd.wait();
  others.go_on();
  easy http(told);
  expect_equal(http.get(plain(told) + "/small"), CURLE_COULDNT_CONNECT, "nobody is there");
  clients::ask("release");
  clients::ask("restart");
  answers_are_right(told, secure(told));
}

void a_time_limit_around_it(const terms& told) {
  easy http(told);
  CURLcode outcome = CURLE_OK;
  weft::with_timeout(std::chrono::milliseconds(50), [&] { outcome = http.get(plain(told) + "/behind/held"); });
  expect(outcome != CURLE_OK, "the end of a wait that was called off is said");
  clients::ask("release");
}

void our_own_server(const terms& told) {
  if (!told.has("example")) return;
  clients::at_once(k_crowd, [&](int) {
    easy http(told);
    for (int n = 0; n < 5; ++n) expect_body(http, told["example"] + "/", "hello from a fiber\n");
  });
}

void check(const terms& told) {
  clients::bystanders others;
  answers_are_right(told, plain(told));
  answers_are_right(told, secure(told));
  by_name(told);
  who_is_not_trusted(told);
  wait_side_by_side(told, plain(told), others);
  wait_side_by_side(told, secure(told), others);
  our_own_server(told);
  a_time_limit_around_it(told);
  a_server_that_stops(told, others);
  a_server_that_dies(told, others);
}

class gets final : public clients::session {
 public:
  explicit gets(const terms& told) : url_(plain(told) + "/small"), http_(told) { request(); }
  void request() override {
    if (const CURLcode outcome = http_.get(url_); outcome != CURLE_OK)
      throw std::runtime_error(curl_easy_strerror(outcome));
  }

 private:
  const std::string url_;
  easy http_;
};

}  // namespace

int main(int argc, char** argv) {
  curl_global_init(CURL_GLOBAL_ALL);
  return clients::run(argc, argv, {.check = check, .connect = [](const terms& told, int) {
                                     return std::unique_ptr<clients::session>(new gets(told));
                                   }});
}
