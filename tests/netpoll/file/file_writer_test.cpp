// Room: tests of netpoll. On which thread a file is written: one beyond the largest size that a file may have sends a
// signal to the thread that writes it, and is refused.

#include <weft/netpoll/file.hpp>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <string>
#include <system_error>

#include <pthread.h>
#include <sys/resource.h>

#include <gtest/gtest.h>
#include <support/fiber_test.hpp>
#include <weft/runtime/pin_guard.hpp>

#include "net_support.hpp"

namespace weft::testing {
namespace {

std::atomic<pthread_t> g_file_writer{};
std::atomic<bool> g_file_writer_told{false};

class largest_file {
 public:
  static constexpr std::uint64_t k_size = std::uint64_t{1} << 40;

  largest_file() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(k_size);
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    handled_ = std::signal(SIGXFSZ, [](int) {
      g_file_writer = ::pthread_self();
      g_file_writer_told = true;
    });
  }
  ~largest_file() {
    std::signal(SIGXFSZ, handled_);
    ::setrlimit(RLIMIT_FSIZE, &before_);
  }
  largest_file(const largest_file&) = delete;
  largest_file& operator=(const largest_file&) = delete;

 private:
  rlimit before_{};
  void (*handled_)(int) = nullptr;
};

template <class Call>
bool is_written_here(Call call) {
  const weft::pin_guard stays;
  const pthread_t here = ::pthread_self();
  g_file_writer_told = false;
  std::error_code ec;
  call(ec);
  EXPECT_EQ(ec, std::errc::file_too_large);
  EXPECT_TRUE(g_file_writer_told);
  return ::pthread_equal(g_file_writer, here) != 0;
}

// One that lost its processor may have been long: then some are made elsewhere.
template <class Call>
bool is_written_here_if_all_is_brief(Call call) {
  for (int i = 0; i < 10'000; ++i)
    if (is_written_here(call)) return true;
  return false;
}

FIBER_TEST(file, what_is_brief_is_written_on_the_worker) {
  const scratch_directory directory;
  const largest_file told_by_signal;
  auto data = net::file::open(directory / "data", net::open_flags::write_only | net::open_flags::create);
  const std::string brief(64 * 1024, 'x'), more(64 * 1024 + 1, 'x');
  const auto at = [&data](const std::string& text) {
    return [&data, &text](std::error_code& ec) { data.write_at(text, largest_file::k_size, ec); };
  };
  EXPECT_TRUE(is_written_here_if_all_is_brief(at(brief)));
  EXPECT_FALSE(is_written_here(at(more)));
  data.seek(largest_file::k_size);
  EXPECT_TRUE(is_written_here_if_all_is_brief([&](std::error_code& ec) { data.write_all(brief, ec); }));
}

}  // namespace
}  // namespace weft::testing
