#pragma once
// Room: runtime. Functions by the symbol table of the file that a module was loaded from, for symbols.cpp.

#include <cstdint>
#include <string>

#include <dlfcn.h>

namespace weft::detail {

struct symbol_in_file {
  std::uintptr_t base = 0;     // what addr2line wants to be taken off an address
  std::uintptr_t begin = 0;    // of the function
  const char* name = nullptr;  // null: not known; else it stays
};

// Under one lock of the caller's: files are read once. `address` is in the module.
[[nodiscard]] symbol_in_file look_up_in_file(const Dl_info& module, std::uintptr_t address);

// By which a module can be opened: the program's own name may be relative to a directory that it has left.
[[nodiscard]] std::string path_of_module(const Dl_info& module);

}  // namespace weft::detail
