// Room: runtime. See stack_overflow.hpp.

#include "stack_overflow.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <pthread.h>
#include <unistd.h>

#include "fiber_block.hpp"
#include "fixed_text.hpp"
#include "handler_stack.hpp"
#include "helper_call.hpp"
#include "sanitizers.hpp"
#include "system_thread.hpp"
#include "this_worker.hpp"

namespace weft::detail {

namespace {

// What handled the two signals before us. Written before our handler is installed, and not again.
constinit struct sigaction g_before_segv {};
constinit struct sigaction g_before_bus {};

const struct sigaction& before(int signal) noexcept { return signal == SIGSEGV ? g_before_segv : g_before_bus; }

bool is_guard_of(const fiber_block& fiber, const void* address) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const auto bottom = reinterpret_cast<std::uintptr_t>(fiber.on.bottom);
  return at < bottom && bottom - at <= fiber.permit->guard_size();
}

// A fiber that runs on this thread, or waits for it: nobody changes its label.
fixed_text& add(fixed_text& text, const fiber_block& fiber) noexcept {
  fiber_label::copy label;
  (void)fiber.label.read(label);
  text << "fiber #" << label.id;
  if (label.name[0] != '\0') text << " '" << label.name.data() << "'";
  if (label.site.file != nullptr)
    text << ", spawned at " << label.site.file << ":" << std::uint64_t{label.site.line};
  else if (label.site.address != nullptr)
    (text << ", spawned by the call that returns to ").add_address(label.site.address);
  return text;
}

void report(const fiber_block& fiber) noexcept {
  const stack_pool& stacks = *fiber.permit;
  fixed_text text;
  add(text << "weft: stack overflow in ", fiber)
      << ": all " << std::uint64_t{(stacks.size() - stacks.guard_size()) / 1024} << " KiB of its stack are used up ("
      << std::uint64_t{stacks.size() / 1024}
      << " KiB with its guard); give it more by spawn_options.stack_size, or all fibers by WEFT_STACK_SIZE or "
         "options.stack_size, or make the call in weft::blocking\n";
  text.write_to(STDERR_FILENO);
}

void report(const helper_call& call) noexcept {
  fixed_text text;
  text << "weft: stack overflow in weft::blocking";
  if (call.caller() != nullptr) {
    (text << ", in the call that returns to ").add_address(call.returns_to());
    add(text << ", of ", *call.caller());
  }
  text << ": all " << std::uint64_t{call.stack_size() / 1024}
       << " KiB of its helper thread's stack are used up; begin the program with more (ulimit -s), or do it in a fiber "
          "with spawn_options.stack_size\n";
  text.write_to(STDERR_FILENO);
}

void report_handler() noexcept {
  fixed_text text;
  text << "weft: stack overflow in a signal handler on thread " << static_cast<std::uint64_t>(this_thread_number());
  if (const fiber_block* const fiber = this_fiber_block()) add(text << ", which runs ", *fiber);
  text << ": all " << std::uint64_t{handler_stack::size() / 1024}
       << " KiB of the signal stack that weft gave its thread are used up; do less in the handler, or install it "
          "without SA_ONSTACK\n";
  text.write_to(STDERR_FILENO);
}

// False: it is no overflow of ours.
bool report_overflow(const void* address) noexcept {
  const fiber_block* const fiber = this_fiber_block();
  const helper_call* const helper = this_helper_call();
  if (fiber != nullptr && is_guard_of(*fiber, address))
    report(*fiber);
  else if (helper != nullptr && helper->is_overflow(address))
    report(*helper);
  else if (handler_stack::is_overflow(address))
    report_handler();
  else
    return false;
  return true;
}

// The fault happens again, and meets the default.
void let_die(int signal) noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
}

// To whom it would have gone without us.
void pass_on(int signal, siginfo_t* info, void* machine) noexcept {
  const struct sigaction& theirs = before(signal);
  const bool was_sent = info->si_code <= 0;  // by kill and the like: it would not happen again
  if ((theirs.sa_flags & SA_SIGINFO) == 0 && theirs.sa_handler == SIG_IGN && was_sent) return;
  if ((theirs.sa_flags & SA_SIGINFO) == 0 && (theirs.sa_handler == SIG_DFL || theirs.sa_handler == SIG_IGN)) {
    let_die(signal);
    if (was_sent) ::raise(signal);  // delivered when this handler has returned
    return;
  }
  // The kernel restores the mask when the handler returns.
  ::pthread_sigmask(SIG_BLOCK, &theirs.sa_mask, nullptr);
  if ((theirs.sa_flags & SA_NODEFER) != 0) {
    sigset_t self;
    sigemptyset(&self);
    sigaddset(&self, signal);
    ::pthread_sigmask(SIG_UNBLOCK, &self, nullptr);
  }
  if ((theirs.sa_flags & static_cast<int>(SA_RESETHAND)) != 0) let_die(signal);
  (theirs.sa_flags & SA_SIGINFO) != 0 ? theirs.sa_sigaction(signal, info, machine) : theirs.sa_handler(signal);
}

void on_fault(int signal, siginfo_t* info, void* machine) {
  const int kept = errno;
  if (report_overflow(info->si_addr)) {
    ::sigaction(signal, &before(signal), nullptr);
  } else {
    pass_on(signal, info, machine);
  }
  errno = kept;
}

[[maybe_unused]] void install(int signal, struct sigaction& found) noexcept {
  ::sigaction(signal, nullptr, &found);
  struct sigaction ours {};
  ours.sa_sigaction = &on_fault;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  ::sigaction(signal, &ours, nullptr);
}

}  // namespace

void report_stack_overflows() noexcept {
  if (has_asan()) return;  // it reports them itself
  static const bool installed = (install(SIGSEGV, g_before_segv), install(SIGBUS, g_before_bus), true);
  (void)installed;
}

}  // namespace weft::detail
