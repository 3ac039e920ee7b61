// Room: tests. The names that the documentation fixes, and what it says of their shapes. Most of it the compiler
// checks; what can be told by running is run.
#include <weft/weft.hpp>
#include <concepts>
#include <csignal>
#include <iostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;

// --- 1. weft.hpp brings no Boost.
#ifdef BOOST_VERSION
#error weft.hpp includes Boost
#endif
static_assert(std::is_same_v<decltype(weft::run([] { return 'x'; })), char>);
static_assert(std::is_same_v<decltype(weft::run(weft::options{.workers = 4}, [] { return 1; })), int>);

// --- 2. Sockets. Every kind of buffer; a trailing error_code& is what does not throw.
template <class Stream>
concept has_the_calls_of_streams = requires(Stream& s, std::error_code& ec, char (&chars)[8],
                                            std::vector<std::byte>& bytes, std::array<unsigned char, 4>& array,
                                            std::string& text, std::string_view view,
                                            std::chrono::steady_clock::time_point t) {
  { s.read_some(chars) } -> std::same_as<std::size_t>;
  { s.read_some(bytes, ec) } -> std::same_as<std::size_t>;
  { s.read_some(text) } -> std::same_as<std::size_t>;
  s.read_exactly(array);
  s.read_exactly(std::span(bytes), ec);
  s.write_all(view);
  s.write_all("text");
  s.write_all(std::span(chars, 2), ec);
  s.shutdown_write();
  s.close();
  s.set_read_deadline(t);
  s.set_write_deadline(std::chrono::steady_clock::time_point::max());
  s.set_deadline(t);
};
static_assert(has_the_calls_of_streams<weft::net::tcp_stream> && has_the_calls_of_streams<weft::net::unix_stream>);
static_assert(has_the_calls_of_streams<std::remove_reference_t<decltype(std::get<0>(weft::net::pipe()))>>);
static_assert(requires(weft::net::tcp_stream & s) {
  { s.native_handle() } -> std::convertible_to<int>;
  { s.local_address() } -> std::same_as<weft::net::endpoint>;
  { s.remote_address() } -> std::same_as<weft::net::endpoint>;
  s.set_no_delay(false);
});
static_assert(requires(weft::net::endpoint e, weft::net::dial_options d, weft::net::listen_options l,
                       std::error_code& ec) {
  { weft::net::listen("[::1]:0", l) } -> std::same_as<weft::net::tcp_listener>;
  { weft::net::listen(e, {}, ec) } -> std::same_as<weft::net::tcp_listener>;
  { weft::net::dial("example.org:80", d) } -> std::same_as<weft::net::tcp_stream>;
  { weft::net::dial(e) } -> std::same_as<weft::net::tcp_stream>;
  { weft::net::resolve("localhost", "http")[0] } -> std::convertible_to<weft::net::endpoint>;
  { weft::signals({SIGINT, SIGTERM}) } -> std::same_as<weft::channel<int>>;
});
static_assert(std::is_class_v<weft::net::udp_socket> && std::is_class_v<weft::net::unix_listener>);
static_assert(std::is_error_code_enum_v<weft::net::errc>);

// --- 3. Results, groups, time limits.
static_assert(std::is_same_v<decltype(weft::spawn([] { return 1.5; })), weft::join_handle<double>>);
static_assert(std::is_base_of_v<std::system_error, weft::timed_out>);
static_assert(!std::is_base_of_v<std::exception, weft::cancelled> && !std::is_default_constructible_v<weft::cancelled>);
static_assert(std::is_same_v<decltype(weft::try_with_timeout(1s, [] { return 1; })), std::optional<int>>);
static_assert(std::is_same_v<decltype(weft::shield([] { return 1L; })), long>);
static_assert(std::is_same_v<decltype(weft::this_fiber::stop_token()), std::stop_token>);
static_assert(requires(weft::join_handle<int> & h, weft::task_group& g, weft::spawn_options o) {
  h.request_stop();
  h.detach();
  { h.join() } -> std::same_as<int>;
  g.set_limit(64);
  g.go([] {});
  g.wait();
  o.name, o.stack_size, o.pinned;
});

// --- 4. Channels and select.
template <class T>
concept has_the_calls_of_channels = requires(const weft::channel<T> ch, T v, std::optional<T> out,
                                             weft::clock::time_point t, weft::channel_status status) {
  ch.send(v);
  ch.close();
  { ch.recv() } -> std::same_as<std::optional<T>>;
  { ch.try_send(v) } -> std::same_as<weft::channel_status>;
  { ch.try_recv(v) } -> std::same_as<weft::channel_status>;
  { ch.try_recv(out) } -> std::same_as<weft::channel_status>;
  { ch.send_for(v, 1ms) } -> std::same_as<weft::channel_status>;
  { ch.send_until(v, t) } -> std::same_as<weft::channel_status>;
  { ch.recv_for(out, 1ms) } -> std::same_as<weft::channel_status>;
  { ch.recv_until(v, t) } -> std::same_as<weft::channel_status>;
  { ch == ch } -> std::same_as<bool>;
  { ch.size() } -> std::same_as<std::size_t>;
  { ch.capacity() } -> std::same_as<std::size_t>;
};
static_assert(has_the_calls_of_channels<int> && has_the_calls_of_channels<std::string>);
static_assert(!std::is_convertible_v<std::size_t, weft::channel<int>> &&
              std::is_convertible_v<std::nullptr_t, weft::channel<int>>);
static_assert(std::is_base_of_v<std::runtime_error, weft::channel_closed>);
static_assert(std::is_same_v<decltype(weft::select(std::declval<std::span<weft::select_case>>())), std::size_t>);
static_assert(weft::channel_status::ok != weft::channel_status::empty &&
              weft::channel_status::full != weft::channel_status::closed &&
              weft::channel_status::timeout != weft::channel_status::ok);

// --- 5. std's own, where they need no version of weft's.
static_assert(std::is_same_v<weft::unique_lock<weft::mutex>, std::unique_lock<weft::mutex>> &&
              std::is_same_v<weft::lock_guard<weft::mutex>, std::lock_guard<weft::mutex>> &&
              std::is_same_v<weft::shared_lock<weft::shared_mutex>, std::shared_lock<weft::shared_mutex>> &&
              std::is_same_v<weft::scoped_lock<weft::mutex>, std::scoped_lock<weft::mutex>> &&
              std::is_same_v<weft::cv_status, std::cv_status> &&
              std::is_same_v<weft::future_status, std::future_status> &&
              std::is_same_v<weft::future_errc, std::future_errc> &&
              std::is_same_v<weft::future_error, std::future_error> && std::is_same_v<weft::launch, std::launch> &&
              std::is_same_v<weft::stop_token, std::stop_token> &&
              std::is_same_v<weft::stop_source, std::stop_source> &&
              std::is_same_v<weft::nostopstate_t, std::nostopstate_t> &&
              std::is_same_v<decltype(weft::adopt_lock), decltype(std::adopt_lock)> &&
              std::is_same_v<decltype(weft::defer_lock), decltype(std::defer_lock)> &&
              std::is_same_v<decltype(weft::try_to_lock), decltype(std::try_to_lock)>);
static_assert(std::is_same_v<decltype(weft::stop_callback(
                                 weft::stop_token(), +[] {})),
                             std::stop_callback<void (*)()>>);
static_assert(requires(weft::mutex & a, weft::timed_mutex& b) {
  weft::lock(a, b);
  { weft::try_lock(a, b) } -> std::same_as<int>;
});
static_assert(std::is_same_v<decltype(weft::async([] { return 42; })), weft::future<int>>);

// --- 7. Seeing inside.
static_assert(std::is_same_v<decltype(weft::snapshot()), weft::process_snapshot> && weft::clock::is_steady);

static void an_embedded_runtime() {
  weft::runtime rt{weft::options{.workers = 2}};
  weft::channel<int> ch;
  rt.go([ch] { ch.send(20); });
  std::cout << "a runtime's run returns: " << rt.run([ch] { return *ch.recv(); }) + rt.run([] { return 1; }) << '\n';
  rt.stop();
}

static void inside_one() {
  weft::run([] {
    const auto refused = [](auto f) {
      try {
        f();
        return false;
      } catch (const std::logic_error&) {
        return true;
      }
    };
    std::cout << "a run, a runtime and a simulation inside a fiber are refused: " << refused([] { weft::run([] {}); })
              << ' ' << refused([] { weft::runtime another{}; }) << ' '
              << refused([] { weft::simulate({.seed = 1}, [] {}); }) << '\n';
    std::ostringstream told;
    weft::channel<int> never;
    weft::go({.name = "onlooker"}, [never] { never.recv(); });
    weft::this_fiber::yield();
    weft::dump(told);
    std::cout << "the dump names fibers: " << (told.str().find("onlooker") != std::string::npos)
              << ", so does the snapshot: " << (weft::snapshot().fibers.size() >= 2) << '\n';
  });
}

int main() {
  std::cout << std::boolalpha;
  an_embedded_runtime();
  inside_one();
}
