#pragma once
// Room: bench. Instructions that this process executes in user mode, by the CPU's own counter. Virtual machines often
// have none, and perf_event_paranoid may forbid it: then it says why.

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace figures {

// Counts the thread that makes it, and every thread that descends from it afterwards.
class instructions {
 public:
  instructions() {
    perf_event_attr wanted{};
    wanted.size = sizeof wanted;
    wanted.type = PERF_TYPE_HARDWARE;
    wanted.config = PERF_COUNT_HW_INSTRUCTIONS;
    wanted.exclude_kernel = 1;
    wanted.exclude_hv = 1;
    wanted.inherit = 1;
    fd_ = static_cast<int>(::syscall(SYS_perf_event_open, &wanted, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
    if (fd_ < 0) why_not_ = std::string("no instruction counter here: perf_event_open: ") + std::strerror(errno);
  }
  ~instructions() {
    if (fd_ >= 0) ::close(fd_);
  }
  instructions(const instructions&) = delete;
  instructions& operator=(const instructions&) = delete;

  [[nodiscard]] bool works() const { return fd_ >= 0; }
  [[nodiscard]] const std::string& why_not() const { return why_not_; }

  // So far; 0 if it does not work.
  [[nodiscard]] double read() const {
    std::uint64_t count = 0;
    if (fd_ < 0 || ::read(fd_, &count, sizeof count) != sizeof count) return 0;
    return static_cast<double>(count);
  }

 private:
  int fd_ = -1;
  std::string why_not_;
};

}  // namespace figures
