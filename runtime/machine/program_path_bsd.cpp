// Room: runtime. See symbol_file.hpp, path_of_module. The loader knows programs by their whole paths here.

#include "symbol_file.hpp"

namespace weft::detail {

std::string path_of_module(const Dl_info& module) { return module.dli_fname; }

}  // namespace weft::detail
