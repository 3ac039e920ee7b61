// Room: runtime. See libdw.hpp.

#include "libdw.hpp"

#include <memory>
#include <mutex>

#include <dlfcn.h>

namespace weft::detail {

namespace {

struct search {
  std::mutex mutex;  // held while a file is loaded, so no internal lock
  const char* name = k_libdw;
  bool is_over = false;
  std::unique_ptr<const libdw> found;
};

search& the_search() {
  static auto* const s = new search;  // never destroyed: a report may come late
  return *s;
}

class loaded_library {
 public:
  explicit loaded_library(const char* name) noexcept : handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {}

  // Into `to`; remembers if one is missing.
  template <class Function>
  void find(const char* name, Function& to) noexcept {
    to = handle_ != nullptr ? reinterpret_cast<Function>(::dlsym(handle_, name)) : nullptr;
    is_whole_ = is_whole_ && to != nullptr;
  }
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }

 private:
  void* handle_;  // it stays
  bool is_whole_ = true;
};

std::unique_ptr<const libdw> load(const char* name) {
  loaded_library library(name);
  auto all = std::make_unique<libdw>();
  library.find("dwfl_begin", all->dwfl_begin);
  library.find("dwfl_end", all->dwfl_end);
  library.find("dwfl_linux_proc_report", all->dwfl_linux_proc_report);
  library.find("dwfl_report_end", all->dwfl_report_end);
  library.find("dwfl_addrmodule", all->dwfl_addrmodule);
  library.find("dwfl_module_addrdie", all->dwfl_module_addrdie);
  library.find("dwfl_module_nextcu", all->dwfl_module_nextcu);
  library.find("dwarf_haspc", all->dwarf_haspc);
  library.find("dwarf_getsrc_die", all->dwarf_getsrc_die);
  library.find("dwarf_linesrc", all->dwarf_linesrc);
  library.find("dwarf_lineno", all->dwarf_lineno);
  library.find("dwarf_getsrcfiles", all->dwarf_getsrcfiles);
  library.find("dwarf_filesrc", all->dwarf_filesrc);
  library.find("dwarf_getscopes", all->dwarf_getscopes);
  library.find("dwarf_getscopes_die", all->dwarf_getscopes_die);
  library.find("dwarf_tag", all->dwarf_tag);
  library.find("dwarf_attr", all->dwarf_attr);
  library.find("dwarf_formudata", all->dwarf_formudata);
  library.find("dwfl_linux_proc_find_elf", all->dwfl_linux_proc_find_elf);
  library.find("dwfl_build_id_find_debuginfo", all->dwfl_build_id_find_debuginfo);
  return library.is_whole() ? std::move(all) : nullptr;
}

}  // namespace

const libdw* find_libdw() {
  search& s = the_search();
  const std::scoped_lock lock(s.mutex);
  if (!s.is_over) s.found = load(s.name);
  s.is_over = true;
  return s.found.get();
}

void look_for_libdw_as(const char* name) {
  search& s = the_search();
  const std::scoped_lock lock(s.mutex);
  s.name = name;
  s.is_over = false;
}

}  // namespace weft::detail
