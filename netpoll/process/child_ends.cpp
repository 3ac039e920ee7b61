// Room: netpoll. See child_ends.hpp. Whatever becomes a child's standard input or output has a number above those three
// here, so that giving it to the child overwrites nothing that is still to be given.

#include "child_ends.hpp"

#include <utility>

#include <unistd.h>

#include "descriptor_calls.hpp"

namespace weft::net {

using source = detail::child_stdio::source;

child_ends::child_ends(const process_options& options, std::error_code& ec) {
  const stdio* const all[] = {&options.in, &options.out, &options.err};
  for (int target = 0; target < 3 && !ec; ++target) open(target, *all[target], ec);
}

void child_ends::open(int target, const stdio& how, std::error_code& ec) {
  switch (how.kind_) {
    case stdio::kind::inherit: break;
    case stdio::kind::null: from_[target] = source::null; break;
    case stdio::kind::pipe: open_pipe(target, ec); break;
    case stdio::kind::descriptor: {
      const detail::opened copy = detail::duplicate(how.fd_);
      ec = copy.error;
      childs_[target] = detail::unique_fd(copy.fd);
      from_[target] = source::descriptor;
      break;
    }
    case stdio::kind::output:
      if (target != STDERR_FILENO) ec = std::make_error_code(std::errc::invalid_argument);
      from_[target] = source::output;
      break;
  }
}

void child_ends::open_pipe(int target, std::error_code& ec) {
  const detail::opened_pipe made = detail::open_pipe();
  if ((ec = made.error)) return;
  detail::unique_fd reads(made.read);
  detail::unique_fd writes(made.write);
  const bool child_reads = target == STDIN_FILENO;
  detail::unique_fd& ours = child_reads ? writes : reads;
  streams[target] = descriptor_stream::adopt(ours.get(), ec);
  if (ec) return;
  ours.release();
  childs_[target] = std::move(child_reads ? reads : writes);
  from_[target] = source::descriptor;
}

void child_ends::describe(detail::child_plan& plan) const noexcept {
  for (int target = 0; target < 3; ++target) plan.stdio[target] = {from_[target], childs_[target].get()};
}

}  // namespace weft::net
