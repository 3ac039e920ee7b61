// Room: netpoll. See child.hpp.

#include "child.hpp"

#include <csignal>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/blocking.hpp>
#include <weft/runtime/cancellation.hpp>

#include "child_watch.hpp"
#include "direction_use.hpp"
#include "reaper.hpp"

namespace weft::net {

using weft::detail::internal_guard;

namespace {

std::error_code no_child() noexcept { return std::make_error_code(std::errc::no_child_process); }

std::error_code taken_by_others(const std::error_code& ec) noexcept {
  return ec == std::errc::no_child_process ? make_error_code(errc::status_taken) : ec;
}

// A child whose end we could not have waited for is none.
std::error_code undo(pid_t pid, const std::error_code& why) noexcept {
  detail::kill_and_reap(pid);
  return why;
}

}  // namespace

std::error_code child::start(const detail::child_plan& plan) {
  const detail::spawned born = detail::spawn_child(plan);
  if (born.error) return born.error;
  const detail::opened watch = detail::open_child_watch(born.pid);
  const bool is_gone = watch.error == std::errc::no_such_process;  // it was quick, and others reap our children
  if (watch.error && !is_gone) return undo(born.pid, watch.error);
  pid_ = born.pid;
  parent_ = detail::this_process();
  leads_group_ = plan.new_group;
  unwatched_ = detail::unique_fd(watch.fd);
  const internal_guard guard(lock_);
  is_over_ = is_gone;
  if (is_gone) why_not_ = make_error_code(errc::status_taken);
  return {};
}

std::error_code child::watch() {
  std::error_code ec;
  if (unwatched_.get() >= 0) watched_ = detail::watch_shared_descriptor(unwatched_, ec);
  return ec;
}

// Looked at first, and without the lock: a thread that is not here may have it.
bool child::is_anothers() const noexcept { return parent_ != detail::this_process(); }

int child::watch_fd() const noexcept { return unwatched_.get() >= 0 ? unwatched_.get() : watched_.native_handle(); }

void child::note(const std::optional<exit_status>& how, const std::error_code& why) noexcept {
  is_over_ = true;
  if (how) how_ = *how;
  why_not_ = why;
}

std::optional<exit_status> child::look(std::error_code& ec) noexcept {
  if (is_anothers()) return ec = no_child(), std::nullopt;
  const internal_guard guard(lock_);
  if (!is_over_) {
    const detail::reaped now = detail::reap_child(pid_, watch_fd());
    if (!now.is_over) return ec.clear(), std::nullopt;
    note(exit_status{now.code, now.signal, now.core_dumped}, taken_by_others(now.error));
  }
  if ((ec = why_not_)) return std::nullopt;
  return how_;
}

std::optional<exit_status> child::await_end(std::error_code& ec) {
  // It was over before it could be watched, or is another process's.
  if (watched_.native_handle() < 0 || is_anothers()) return look(ec);
  detail::direction_use use(watched_, detail::direction::read, "process::wait", "process");
  if ((ec = use.error())) return std::nullopt;
  for (;;) {
    if ((ec = use.await_ready())) return std::nullopt;
    const std::optional<exit_status> how = look(ec);
    if (how || ec) return how;
    use.note_would_block();
  }
}

// Without the lock: nobody else calls any more, or all that they do is wait as well.
void child::reap() noexcept {
  const shield_guard guard;
  std::error_code ignored;
  if (look(ignored) || ignored) return;
  const auto wait = [this] { detail::await_over(pid_, watch_fd()); };
  try {
    weft::blocking(wait);
  } catch (...) {  // no helper thread is to be had
    wait();
  }
  static_cast<void>(look(ignored));
}

std::error_code child::send(int signal) noexcept {
  if (is_anothers()) return no_child();
  const internal_guard guard(lock_);
  if (is_over_) return std::make_error_code(std::errc::no_such_process);
  return detail::signal_child(pid_, watch_fd(), signal, leads_group_);
}

std::error_code child::give_away() {
  std::error_code ec;
  if (look(ec) || ec) return {};  // it has ended: nothing is owed any more
  const internal_guard guard(lock_);
  if (is_over_) return {};
  if ((ec = reap_in_background(pid_, watch_fd()))) return ec;
  note(std::nullopt, no_child());
  return {};
}

child::~child() {
  if (pid_ < 0 || is_anothers()) return;
  // One that took other rights may not be killed: it lives on, as if it had been let go.
  if (send(SIGKILL) == std::errc::operation_not_permitted && !give_away()) return;
  reap();
}

}  // namespace weft::net
