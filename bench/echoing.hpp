#pragma once
// Room: bench. An echo server on fibers, for the programs that measure something beside it, and a load on it from
// another process, so that what is measured is the server and no generator that shares its workers.

#include <weft/weft.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace echoing {

inline void converse(weft::net::tcp_stream conn) {
  char buf[4096];
  std::error_code ec;
  while (const auto n = conn.read_some(buf, ec)) {
    conn.write_all(std::span(buf, n), ec);
    if (ec) break;
  }
}

// The same with a buffer that is borrowed when there is something.
inline void converse_in_chunks(weft::net::tcp_stream conn) {
  std::error_code ec;
  while (const auto got = conn.read_chunk(ec)) {
    conn.write_all(got, ec);
    if (ec) break;
  }
}

using conversation = void (*)(weft::net::tcp_stream);

// Until it is cancelled.
inline void serve(weft::net::tcp_listener listener, conversation talk = converse) {
  for (;;) weft::go(talk, listener.accept());
}

// In the runtime of the calling fiber. Returns the port.
inline std::uint16_t start_server(conversation talk = converse) {
  auto listener = weft::net::listen("127.0.0.1:0");
  const std::uint16_t port = listener.local_address().port();
  weft::go([listener = std::move(listener), talk]() mutable { serve(std::move(listener), talk); });
  return port;
}

struct latencies {
  double p50_us = 0;
  double p99_us = 0;
  double requests = 0;  // a second
};

// The number that follows "key": in a line of JSON.
inline double number_of(std::string_view line, const std::string& key) {
  const std::string quoted = '"' + key + "\": ";
  const std::size_t at = line.find(quoted);
  if (at == std::string_view::npos) throw std::runtime_error("load told no " + key + ": " + std::string(line));
  return std::stod(std::string(line.substr(at + quoted.size())));
}

// What bench/load, which stands beside this program, measures. Blocks the thread.
inline latencies load(std::uint16_t port, std::size_t connections, std::size_t seconds) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").replace_filename("load");
  const std::string command =
      '\'' + program + "' " + std::to_string(port) + ' ' + std::to_string(connections) + ' ' + std::to_string(seconds);
  std::FILE* const out = ::popen(command.c_str(), "re");
  if (out == nullptr) throw std::runtime_error("cannot start " + command);
  char line[1024] = "";
  const bool said = std::fgets(line, sizeof line, out) != nullptr;
  if (::pclose(out) != 0 || !said) throw std::runtime_error(command + " failed, see above");
  return {number_of(line, "p50_us"), number_of(line, "p99_us"), number_of(line, "requests_per_s")};
}

}  // namespace echoing
