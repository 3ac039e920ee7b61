// Room: runtime. See large_stack.hpp.

#include "large_stack.hpp"

#include <exception>
#include <system_error>
#include <thread>

#include "own_threads.hpp"
#include "this_worker.hpp"
#include "thread_signals.hpp"

namespace weft::detail {

void on_a_large_stack(const std::function<void()>& f) {
  if (this_fiber_block() == nullptr) return f();
  std::exception_ptr thrown;
  std::thread with_its_own;
  try {
    with_its_own = std::thread([&] {
      const own_thread counted;
      signal_mask::of_synchronous_alone().apply();
      try {
        f();
      } catch (...) {
        thrown = std::current_exception();
      }
    });
  } catch (const std::system_error&) {
    return f();
  }
  with_its_own.join();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace weft::detail
