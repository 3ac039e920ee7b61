// Room: async. Failures that cross from one who was running to one who waits.

#include <weft/async/detail/results.hpp>

#include <string>
#include <system_error>

#include <weft/runtime/cancellation.hpp>
#include <weft/sync/detail/future_core.hpp>

namespace weft::detail {

void rethrow_of_another(const std::exception_ptr& thrown, const char* call) {
  cancellation_point();  // "Ending together", cancellation.hpp
  if (is_cancelled(thrown)) throw_ended(call);
  std::rethrow_exception(thrown);
}

void throw_ended(const char* call) {
  throw std::system_error(std::make_error_code(std::errc::operation_canceled),
                          std::string("weft: ") + call + ": who was to bring the result was asked to end");
}

void throw_own_thread(const char* call, const char* place) {
  throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                          std::string("weft: ") + call + " on " + place +
                              ", which is to bring its result, would wait for itself: call it in a fiber");
}

}  // namespace weft::detail
