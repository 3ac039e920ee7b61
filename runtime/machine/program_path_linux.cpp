// Room: runtime. See symbol_file.hpp, path_of_module.

#include <sys/auxv.h>

#include "symbol_file.hpp"

namespace weft::detail {

std::string path_of_module(const Dl_info& module) {
  const bool is_program = ::getauxval(AT_PHDR) - reinterpret_cast<std::uintptr_t>(module.dli_fbase) < 4096;
  return is_program ? "/proc/self/exe" : module.dli_fname;
}

}  // namespace weft::detail
