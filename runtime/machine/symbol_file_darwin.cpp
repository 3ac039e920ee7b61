// Room: runtime. See symbol_file.hpp. The dynamic linker of macOS knows all functions of a program that was not
// stripped.

#include "symbol_file.hpp"

namespace weft::detail {

symbol_in_file look_up_in_file(const Dl_info& module, std::uintptr_t) {
  return {reinterpret_cast<std::uintptr_t>(module.dli_fbase), 0, nullptr};
}

}  // namespace weft::detail
