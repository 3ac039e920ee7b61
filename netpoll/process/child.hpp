#pragma once
// Room: netpoll. One child of the process from its birth until it is reaped, and never longer: who owns one owes the
// system that. It knows neither pipes nor options. Any thread; each look at it and each signal to it is under its lock,
// so that no signal goes to a number that has been reaped, and may be another's. After fork() it is the parent's still:
// what the forked process has of it is no child, and owes nothing.
// Next: process.cpp.

#include <optional>
#include <system_error>

#include <sys/types.h>

#include <weft/netpoll/detail/descriptor.hpp>
#include <weft/netpoll/process.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>

#include "child_calls.hpp"
#include "unique_fd.hpp"

namespace weft::net {

class child {
 public:
  // Nobody's yet.
  child() noexcept = default;
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  // Kills it if it lives, and waits for that.
  ~child();

  // Blocks until it runs, or cannot. After an error there is none.
  [[nodiscard]] std::error_code start(const detail::child_plan& plan);
  // Its end can be waited for from now on; on a fiber.
  [[nodiscard]] std::error_code watch();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  // How it ended; nullopt while it lives. An error: it has ended, and nobody knows how.
  [[nodiscard]] std::optional<exit_status> look(std::error_code& ec) noexcept;
  // The same once it has ended: parks until then, and throws weft::cancelled. nullopt: an error.
  [[nodiscard]] std::optional<exit_status> await_end(std::error_code& ec);
  // The same for code that is not to be interrupted: parks, shielded, or blocks where there is no fiber.
  void reap() noexcept;

  [[nodiscard]] std::error_code send(int signal) noexcept;

  // Somebody else reaps it (reaper.hpp).
  [[nodiscard]] std::error_code give_away();

 private:
  [[nodiscard]] bool is_anothers() const noexcept;
  [[nodiscard]] int watch_fd() const noexcept;
  void note(const std::optional<exit_status>& how, const std::error_code& why) noexcept WEFT_REQUIRES(lock_);

  // Written before others have it.
  pid_t pid_ = -1;
  pid_t parent_ = -1;
  bool leads_group_ = false;
  detail::unique_fd unwatched_;  // until watch()
  detail::descriptor watched_;

  weft::detail::internal_lock lock_;
  bool is_over_ WEFT_GUARDED_BY(lock_) = true;  // reaped, given away, or never born
  exit_status how_ WEFT_GUARDED_BY(lock_);
  std::error_code why_not_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::net
