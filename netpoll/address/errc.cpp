// Room: netpoll. See errc.hpp.

#include <weft/netpoll/errc.hpp>

namespace weft::net {

namespace {

class net_category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "weft.net"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
      case errc::end_of_stream: return "the stream ended early";
      case errc::invalid_address: return "not an address with a port, such as 1.2.3.4:80, [::1]:80 or :80";
      case errc::host_not_found: return "host not found";
      case errc::service_not_found: return "service not found";
      case errc::resolver_failed: return "the resolver failed";
      case errc::resolver_busy: return "the resolver cannot answer now";
      case errc::resolver_stuck:
        return "256 lookups that were given up are still unanswered: does the name server answer? Try again later";
      case errc::not_a_stream: return "a file on a disk or a directory, which never waits: open it by net::file";
      case errc::line_too_long:
        return "no end of the line within the limit (buffered_options.limit): it can still be read in other ways";
      case errc::status_taken:
        return "the child has ended, and others have its exit status: is SIGCHLD ignored, or does somebody call wait "
               "for any child?";
    }
    return "unknown error " + std::to_string(value);
  }

  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<errc>(value)) {
      case errc::invalid_address:
      case errc::not_a_stream: return std::errc::invalid_argument;
      case errc::resolver_busy:
      case errc::resolver_stuck: return std::errc::resource_unavailable_try_again;
      case errc::status_taken: return std::errc::no_child_process;
      default: return {value, *this};
    }
  }
};

}  // namespace

// Never destroyed: an error_code may be looked at by whatever runs last in the process.
const std::error_category& category() noexcept {
  static const net_category& the_one = *new net_category;
  return the_one;
}

std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }

std::string detail::shown(std::string_view text) {
  std::string all;
  all.reserve(text.size());
  for (const char each : text) each == '\0' ? all.append("\\0") : all.append(1, each);
  return all;
}

void detail::throw_error(const std::error_code& ec, const char* call, const std::string& subject) {
  throw std::system_error(ec, std::string("weft: ") + call + (subject.empty() ? "" : " ") + shown(subject));
}

}  // namespace weft::net
