#pragma once
// Room: netpoll. The two ends of what a child has for standard input, output and error, while it is made: the child's,
// which are ours to close once it has them, and the program's, as streams.

#include <system_error>

#include <weft/netpoll/process.hpp>

#include "child_calls.hpp"
#include "unique_fd.hpp"

namespace weft::net {

class child_ends {
 public:
  // What has been opened when there is an error closes with this object.
  child_ends(const process_options& options, std::error_code& ec);

  void describe(detail::child_plan& plan) const noexcept;

  descriptor_stream streams[3];  // the program's ends, of pipes alone

 private:
  void open(int target, const stdio& how, std::error_code& ec);
  void open_pipe(int target, std::error_code& ec);

  detail::child_stdio::source from_[3] = {};
  detail::unique_fd childs_[3];
};

}  // namespace weft::net
