// Room: std_shim. See singleflight.hpp.

#include <weft/std_shim/singleflight.hpp>

#include <system_error>

namespace weft::detail {

void throw_own_key() {
  throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                          "weft::singleflight: the function asks for its own key, and would wait for itself");
}

}  // namespace weft::detail
