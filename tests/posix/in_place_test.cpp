// Room: tests of posix. Which writes to a file are made on the worker and which on a helper thread, that both are
// whole, and that nobody stands still behind one that waits.

#include <weft/posix.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/userfaultfd.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <support/fiber_test.hpp>
#include <support/fibers.hpp>
#include <weft/runtime/pin_guard.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/runtime/this_fiber.hpp>

#include "descriptors.hpp"
#include "in_place.hpp"

namespace {

namespace posix = weft::posix;
using weft::testing::pipe_ends;
using weft::testing::temporary_file;
using weft::testing::wait_until_all_parked;

int this_thread() { return static_cast<int>(::syscall(SYS_gettid)); }

// --- Which thread writes: whoever writes beyond the largest size of a file gets a signal, and writes nothing.

constexpr off_t k_largest = off_t{1} << 40;
std::atomic<int> g_writer{0};

class size_limit {
 public:
  size_limit() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(k_largest);
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct sigaction note {};
    note.sa_handler = [](int) { g_writer = this_thread(); };
    ::sigaction(SIGXFSZ, &note, &handled_);
  }
  ~size_limit() {
    ::sigaction(SIGXFSZ, &handled_, nullptr);
    ::setrlimit(RLIMIT_FSIZE, &before_);
  }
  size_limit(const size_limit&) = delete;
  size_limit& operator=(const size_limit&) = delete;

 private:
  rlimit before_{};
  struct sigaction handled_ {};
};

enum class writer { nobody, worker, helper };

template <class Call>
writer writer_in(Call call, int error) {
  const weft::pin_guard here;
  const int mine = this_thread();
  g_writer = 0;
  EXPECT_EQ(call(), -1);
  EXPECT_EQ(posix::last_error(), error);
  const int its = g_writer;
  return its == 0 ? writer::nobody : its == mine ? writer::worker : writer::helper;
}

auto write_of(int fd, std::size_t size) {
  return [fd, bytes = std::string(size, 'x')] { return posix::pwrite(fd, bytes.data(), bytes.size(), k_largest); };
}

// One of others in this process, or one that lost its processor, may have been long: then some are made elsewhere.
template <class Call>
writer writer_if_all_is_brief(Call call) {
  writer last = writer_in(call, EFBIG);
  for (int i = 0; i < 10'000 && last != writer::worker; ++i) last = writer_in(call, EFBIG);
  return last;
}

// Another test's file may have had the number, and been closed unseen.
int as_a_new_number(int fd) {
  posix::forget_way(fd);
  return fd;
}

int open_again(const temporary_file& at, int flags) {
  return as_a_new_number(::open(("/proc/self/fd/" + std::to_string(at.fd)).c_str(), O_RDWR | O_CLOEXEC | flags));
}

FIBER_TEST(posix_in_place, a_brief_write_is_made_on_the_worker) {
  const temporary_file at;
  const size_limit with_signal;
  (void)as_a_new_number(at.fd);
  EXPECT_EQ(writer_if_all_is_brief(write_of(at.fd, 8)), writer::worker);
  EXPECT_EQ(writer_if_all_is_brief(write_of(at.fd, weft::detail::k_most_brief_bytes)), writer::worker);
  EXPECT_EQ(writer_in(write_of(at.fd, weft::detail::k_most_brief_bytes + 1), EFBIG), writer::helper);
  ASSERT_EQ(::lseek(at.fd, k_largest, SEEK_SET), k_largest);
  EXPECT_EQ(writer_if_all_is_brief([&] { return posix::write(at.fd, "x", 1); }), writer::worker);
  const iovec parts[2] = {{const_cast<char*>("ab"), 1}, {const_cast<char*>("cd"), 2}};
  EXPECT_EQ(writer_if_all_is_brief([&] { return posix::writev(at.fd, parts, 2); }), writer::worker);
  EXPECT_EQ(writer_if_all_is_brief([&] { return posix::pwritev(at.fd, parts, 2, k_largest); }), writer::worker);
}

FIBER_TEST(posix_in_place, one_that_has_to_wait_for_its_disk_is_not) {
  const temporary_file at;
  const size_limit with_signal;
  for (const int flags : {O_SYNC, O_DSYNC}) {
    const int fd = open_again(at, flags);
    ASSERT_GE(fd, 0);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(writer_in(write_of(fd, 8), EFBIG), writer::helper) << flags;
    posix::close(fd);
  }
}

FIBER_TEST(posix_in_place, who_is_asked_to_end_writes_nothing) {
  const temporary_file at;
  EXPECT_EQ(posix::pwrite(at.fd, "known", 5, 0), 5);
  auto asked = weft::spawn([&] {
    EXPECT_EQ(posix::usleep(500'000'000), -1);
    EXPECT_EQ(posix::pwrite(at.fd, "x", 1, 0), -1);
    EXPECT_EQ(posix::last_error(), ECANCELED);
    EXPECT_EQ(posix::write(at.fd, "x", 1), -1);
    EXPECT_EQ(posix::last_error(), ECANCELED);
  });
  wait_until_all_parked();
  asked.request_stop();
  asked.join();
  char got[8] = {};
  EXPECT_EQ(posix::pread(at.fd, got, sizeof(got), 0), 5);
  EXPECT_STREQ(got, "known");
}

// --- That it is whole.

FIBER_TEST(posix_in_place, what_is_short_of_room_is_told_as_by_libc) {
  const temporary_file at;
  const size_limit with_signal;
  EXPECT_EQ(posix::pwrite(at.fd, "123456", 6, k_largest - 4), 4);
  EXPECT_EQ(posix::pwrite(at.fd, "123456", 6, k_largest - 4), 4);
  EXPECT_EQ(::ftruncate(at.fd, 0), 0);
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  EXPECT_EQ(posix::write(full, "x", 1), -1);
  EXPECT_EQ(posix::last_error(), ENOSPC);
  posix::close(full);
}

FIBER_TEST(posix_in_place, what_is_appended_by_many_at_once_stays_together) {
  const temporary_file at;
  const int fd = open_again(at, O_APPEND);
  ASSERT_GE(fd, 0);
  constexpr std::size_t k_writers = 8, k_lines = 25;
  const std::array<std::size_t, 3> lengths = {7, 4'000, weft::detail::k_most_brief_bytes + 9};
  weft::testing::fibers writers;
  for (std::size_t i = 0; i < k_writers; ++i)
    writers.push_back(weft::spawn([&, i] {
      for (std::size_t k = 0; k < k_lines; ++k) {
        const std::string line = std::string(lengths[k % lengths.size()], static_cast<char>('a' + i)) + "\n";
        const iovec halves[2] = {{const_cast<char*>(line.data()), 3},
                                 {const_cast<char*>(line.data()) + 3, line.size() - 3}};
        const ssize_t n = k % 2 == 0 ? posix::write(fd, line.data(), line.size()) : posix::writev(fd, halves, 2);
        EXPECT_EQ(n, static_cast<ssize_t>(line.size()));
      }
    }));
  weft::testing::join_all(writers);
  std::string all(static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)), '-');
  ASSERT_EQ(posix::pread(fd, all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
  std::size_t lines = 0;
  for (std::size_t from = 0; from < all.size(); ++lines) {
    const std::size_t end = all.find('\n', from);
    ASSERT_NE(end, all.npos);
    ASSERT_EQ(all.find_first_not_of(all[from], from), end);
    from = end + 1;
  }
  EXPECT_EQ(lines, k_writers * k_lines);
  posix::close(fd);
}

// --- That nobody stands still behind it.

// Given to a pipe that is full, by a call that tells nobody: who writes there waits as for a pipe, and can be called
// off.
// A number that was a file's, and became that of `other` unseen.
int number_that_became(int other) {
  const temporary_file at;
  const int number = ::fcntl(at.fd, F_DUPFD_CLOEXEC, 0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(posix::write(number, "x", 1), 1);
  EXPECT_EQ(::dup2(other, number), number);
  return number;
}

void expect_waited_for(int number, const void* bytes, std::size_t size) {
  for (int i = 0; i < 2; ++i) {
    auto writer = weft::spawn([&] {
      EXPECT_EQ(posix::write(number, bytes, size), -1);
      EXPECT_EQ(posix::last_error(), ECANCELED);
    });
    wait_until_all_parked();
    writer.request_stop();
    writer.join();
  }
  posix::close(number);
}

FIBER_TEST(posix_in_place, a_number_that_became_a_full_pipes_unseen_is_waited_for) {
  const pipe_ends pipe;
  const std::string page(4096, 'p');
  ASSERT_EQ(::fcntl(pipe.out, F_SETFL, O_NONBLOCK), 0);
  while (::write(pipe.out, page.data(), page.size()) > 0) {
  }
  ASSERT_EQ(::fcntl(pipe.out, F_SETFL, 0), 0);
  const int number = number_that_became(pipe.out);
  EXPECT_EQ(posix::pwrite(number, "x", 1, 0), -1);
  EXPECT_EQ(posix::last_error(), ESPIPE);
  expect_waited_for(number, "x", 1);
}

// It has a position, as a file has.
FIBER_TEST(posix_in_place, a_number_that_became_a_full_eventfds_unseen_is_waited_for) {
  const int event = ::eventfd(0, EFD_CLOEXEC);
  ASSERT_EQ(::eventfd_write(event, UINT64_MAX - 2), 0);
  const std::uint64_t two = 2;
  expect_waited_for(number_that_became(event), &two, sizeof(two));
  ::close(event);
}

// Memory whose pages are there when a fiber has brought them: who writes from there waits in the kernel for that fiber,
// as a write to a file does that is served by our own process.
class fetched_memory {
 public:
  static constexpr std::size_t k_page = 4096;

  explicit fetched_memory(std::size_t pages) : size_(pages * k_page) {
    fd_ = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC));
    if (fd_ < 0) return;
    memory_ = static_cast<char*>(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    uffdio_api api{};
    api.api = UFFD_API;
    uffdio_register all{};
    all.range = {reinterpret_cast<std::uintptr_t>(memory_), size_};
    all.mode = UFFDIO_REGISTER_MODE_MISSING;
    is_there_ = ::ioctl(fd_, UFFDIO_API, &api) == 0 && ::ioctl(fd_, UFFDIO_REGISTER, &all) == 0;
  }
  ~fetched_memory() {
    if (memory_ != nullptr) ::munmap(memory_, size_);
    if (fd_ >= 0) posix::close(fd_);
  }
  fetched_memory(const fetched_memory&) = delete;
  fetched_memory& operator=(const fetched_memory&) = delete;

  [[nodiscard]] bool is_there() const { return is_there_; }
  [[nodiscard]] char* page(std::size_t i) const { return memory_ + i * k_page; }

  // For the next one that is missed.
  void fetch_one() const {
    uffd_msg missed{};
    ASSERT_EQ(posix::read(fd_, &missed, sizeof(missed)), static_cast<ssize_t>(sizeof(missed)));
    ASSERT_EQ(missed.event, UFFD_EVENT_PAGEFAULT);
    std::string content(k_page, 'm');
    uffdio_copy bring{};
    bring.dst = missed.arg.pagefault.address & ~std::uint64_t{k_page - 1};
    bring.src = reinterpret_cast<std::uintptr_t>(content.data());
    bring.len = k_page;
    ASSERT_EQ(::ioctl(fd_, UFFDIO_COPY, &bring), 0);
  }

 private:
  const std::size_t size_;
  int fd_ = -1;
  char* memory_ = nullptr;
  bool is_there_ = false;
};

FIBER_TEST(posix_in_place, who_waits_in_the_kernel_for_another_fiber_does_not_keep_it_from_coming) {
  const std::size_t count = weft::testing::workers_of_this_test();
  const fetched_memory memory(count);
  if (!memory.is_there()) GTEST_SKIP() << "no userfaultfd for this user";
  const temporary_file at;
  EXPECT_EQ(posix::pwrite(at.fd, "known", 5, 0), 5);
  weft::testing::fibers writers;
  for (std::size_t i = 0; i < count; ++i)
    writers.push_back(weft::spawn([&, i] {
      const auto offset = static_cast<off_t>(i * memory.k_page);
      EXPECT_EQ(posix::pwrite(at.fd, memory.page(i), memory.k_page, offset), static_cast<ssize_t>(memory.k_page));
    }));
  for (std::size_t i = 0; i < count; ++i) memory.fetch_one();
  weft::testing::join_all(writers);
  std::string got(count * memory.k_page, '-');
  EXPECT_EQ(posix::pread(at.fd, got.data(), got.size(), 0), static_cast<ssize_t>(got.size()));
  EXPECT_EQ(got, std::string(got.size(), 'm'));
}

}  // namespace
