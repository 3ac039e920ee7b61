// Room: runtime. See exception_text.hpp.

#include "exception_text.hpp"

#include <weft/runtime/cancellation.hpp>

namespace weft::detail {

std::string text_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return e.what();
  } catch (const cancelled& c) {
    return c.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace weft::detail
