// Room: std_shim. See thread.hpp.

#include <weft/std_shim/thread.hpp>

#include <system_error>
#include <thread>
#include <utility>

#include <weft/runtime/this_fiber.hpp>

namespace weft {

namespace {

[[noreturn]] void refuse(std::errc what, const char* text) {
  throw std::system_error(std::make_error_code(what), text);
}

}  // namespace

void thread::join() {
  if (!joinable()) refuse(std::errc::invalid_argument, "weft::thread::join: not joinable");
  if (get_id() == this_fiber::get_id())
    refuse(std::errc::resource_deadlock_would_occur, "weft::thread::join: called by the thread itself");
  handle_.join();
}

void thread::detach() {
  if (!joinable()) refuse(std::errc::invalid_argument, "weft::thread::detach: not joinable");
  handle_.detach();
}

void thread::swap(thread& other) noexcept { std::swap(handle_, other.handle_); }

unsigned thread::hardware_concurrency() noexcept { return std::thread::hardware_concurrency(); }

}  // namespace weft
