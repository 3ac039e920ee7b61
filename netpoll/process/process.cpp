// Room: netpoll. See process.hpp. The child itself: child.hpp.

#include <weft/netpoll/process.hpp>

#include <csignal>
#include <span>
#include <utility>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/poller.hpp>
#include <weft/runtime/with_timeout.hpp>

#include "child.hpp"
#include "child_ends.hpp"
#include "child_words.hpp"

namespace weft::net {

struct process::state {
  state(std::vector<std::string>& arguments, const process_options& options, std::error_code& ec);

  std::optional<exit_status> wait(std::error_code& ec);
  std::optional<exit_status> wait_until(deadline until, std::error_code& ec);

  bool kill_on_cancel;
  descriptor_stream streams[3];
  child it;  // goes first: it may be writing to our pipes
};

namespace {

std::error_code no_process() noexcept { return std::make_error_code(std::errc::no_child_process); }

std::string subject_of(const std::vector<std::string>& arguments, const process_options& options) {
  if (std::string why = objection_to(arguments, options); !why.empty()) return why;
  return "'" + arguments.front() + "'" + (options.directory.empty() ? "" : " in directory '" + options.directory + "'");
}

}  // namespace

// --- Beginning.

process::state::state(std::vector<std::string>& arguments, const process_options& options, std::error_code& ec)
    : kill_on_cancel(options.kill_on_cancel) {
  child_ends ends(options, ec);
  if (ec) return;
  std::vector<std::string> environment = environment_for(options);
  const null_ended told(arguments);
  const null_ended around(environment);
  detail::child_plan plan;
  plan.program = arguments.front().c_str();
  plan.arguments = told.get();
  plan.environment = around.get();
  plan.directory = options.directory.empty() ? nullptr : options.directory.c_str();
  plan.new_group = options.new_group;
  ends.describe(plan);
  ec = weft::blocking([&] { return it.start(plan); });
  if (!ec) ec = it.watch();
  std::move(std::begin(ends.streams), std::end(ends.streams), std::begin(streams));
}

process::process() noexcept = default;

process::process(std::vector<std::string> arguments, const process_options& options, std::error_code& ec) {
  weft::detail::require_poller("net::process");
  weft::detail::cancellation_point();
  ec = objection_to(arguments, options).empty() ? std::error_code() : std::make_error_code(std::errc::invalid_argument);
  if (ec) return;
  weft::detail::owned<state> begun(new state(arguments, options, ec));
  if (!ec) state_ = std::move(begun);
}

process::process(std::vector<std::string> arguments, const process_options& options) {
  std::error_code ec;
  *this = process(arguments, options, ec);
  if (ec) detail::throw_error(ec, "process", subject_of(arguments, options));
}

process::process(process&&) noexcept = default;
process& process::operator=(process&&) noexcept = default;
process::~process() = default;

// --- What it has.

pid_t process::pid() const noexcept { return state_ == nullptr ? -1 : state_->it.pid(); }

descriptor_stream& process::stream(int which, const char* call) {
  if (state_ == nullptr) detail::throw_error(no_process(), call);
  return state_->streams[which];
}

descriptor_stream& process::in() { return stream(0, "process::in"); }
descriptor_stream& process::out() { return stream(1, "process::out"); }
descriptor_stream& process::err() { return stream(2, "process::err"); }

// --- Its end.

// "Ending together" (cancellation.hpp): what ended the child may be another who was asked to end, and killed it.
std::optional<exit_status> process::state::wait(std::error_code& ec) try {
  const std::optional<exit_status> how = it.await_end(ec);
  if (!how || !how->success()) weft::detail::cancellation_point();
  return how;
} catch (const cancelled&) {
  if (kill_on_cancel && !it.send(SIGKILL)) it.reap();
  throw;
}

std::optional<exit_status> process::state::wait_until(deadline until, std::error_code& ec) try {
  std::optional<exit_status> how = it.look(ec);
  if (how || ec) return how;
  auto wait = [&] { how = it.await_end(ec); };
  // What the limit ends is this wait, not the child.
  const auto run = [](auto& f) { f(); };
  if (!weft::detail::call_limited(until, "process::wait_for", wait, run)) ec.clear();
  if (!how || !how->success()) weft::detail::cancellation_point();  // as in wait
  return how;
} catch (const cancelled&) {
  if (kill_on_cancel && !it.send(SIGKILL)) it.reap();
  throw;
}

exit_status process::wait(std::error_code& ec) {
  weft::detail::require_poller("process::wait");
  weft::detail::cancellation_point();
  if (state_ == nullptr) return ec = no_process(), exit_status();
  return state_->wait(ec).value_or(exit_status());
}

exit_status process::wait() {
  std::error_code ec;
  const exit_status how = wait(ec);
  if (ec) detail::throw_error(ec, "process::wait", "pid " + std::to_string(pid()));
  return how;
}

std::optional<exit_status> process::wait_for(time_limit t, std::error_code& ec) {
  weft::detail::require_poller("process::wait_for");
  weft::detail::cancellation_point();
  if (state_ == nullptr) return ec = no_process(), std::nullopt;
  return state_->wait_until(t.until(), ec);
}

std::optional<exit_status> process::wait_for(time_limit t) {
  std::error_code ec;
  const std::optional<exit_status> how = wait_for(t, ec);
  if (ec) detail::throw_error(ec, "process::wait_for", "pid " + std::to_string(pid()));
  return how;
}

std::optional<exit_status> process::try_wait(std::error_code& ec) {
  if (state_ == nullptr) return ec = no_process(), std::nullopt;
  return state_->it.look(ec);
}

std::optional<exit_status> process::try_wait() {
  std::error_code ec;
  const std::optional<exit_status> how = try_wait(ec);
  if (ec) detail::throw_error(ec, "process::try_wait", "pid " + std::to_string(pid()));
  return how;
}

void process::kill(int signal, std::error_code& ec) { ec = state_ == nullptr ? no_process() : state_->it.send(signal); }

void process::kill(int signal) {
  std::error_code ec;
  kill(signal, ec);
  if (ec && ec != std::errc::no_such_process)
    detail::throw_error(ec, "process::kill", "pid " + std::to_string(pid()) + ", signal " + std::to_string(signal));
}

void process::kill() { kill(SIGKILL); }
void process::terminate() { kill(SIGTERM); }

void process::detach(std::error_code& ec) {
  ec = state_ == nullptr ? no_process() : state_->it.give_away();
  if (!ec) state_ = weft::detail::owned<state>();
}

void process::detach() {
  std::error_code ec;
  detach(ec);
  if (ec) detail::throw_error(ec, "process::detach", "pid " + std::to_string(pid()));
}

// --- Told in words, and run to the end.

std::string to_string(const exit_status& how) {
  if (how.signal == 0) return "exited with " + std::to_string(how.code);
  return "ended by signal " + std::to_string(how.signal) + (how.core_dumped ? " (core dumped)" : "");
}

process_output output_of(std::vector<std::string> arguments, process_options options, std::size_t limit) {
  options.out = stdio::pipe();
  const std::string name = arguments.empty() ? std::string() : arguments.front();
  process running(std::move(arguments), options);
  running.in().close();
  process_output all;
  char piece[4096];
  while (const std::size_t n = running.out().read_some(piece)) {
    if (n > limit - all.text.size())
      detail::throw_error(std::make_error_code(std::errc::file_too_large), "output_of",
                          "'" + name + "': more than " + std::to_string(limit) + " bytes");
    all.text.append(piece, n);
  }
  all.how = running.wait();
  return all;
}

}  // namespace weft::net
