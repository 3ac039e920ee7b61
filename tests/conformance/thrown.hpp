#pragma once
// Room: tests. With which code something throws.

#include <future>
#include <system_error>

namespace weft::testing {

// That of the std::system_error or std::future_error that f() throws; no error if it throws nothing.
template <class F>
std::error_code code_thrown_by(F f) {
  try {
    static_cast<void>(f());
  } catch (const std::system_error& refused) {
    return refused.code();
  } catch (const std::future_error& refused) {
    return refused.code();
  }
  return {};
}

}  // namespace weft::testing
