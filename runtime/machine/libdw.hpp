#pragma once
// Room: runtime. The functions of elfutils' libdw that source_lines.cpp calls, found in the library at run time: it is
// neither built nor linked against, and a process without it is told by null. The types are those of its documented
// interface, which stays from version to version; what only passes from one function to another has no members here.
// Next: source_lines.cpp.

#include <cstdint>

#include <sys/types.h>

namespace weft::detail {

struct dwarf_line;
struct dwarf_files;
struct dwfl;
struct dwfl_module;

struct dwarf_die {
  void* address;
  void* unit;
  void* abbreviation;
  long padding;
};

struct dwarf_attribute {
  unsigned code;
  unsigned form;
  unsigned char* value;
  void* unit;
};

struct dwfl_callbacks {
  void* find_elf;
  void* find_debug_info;
  void* section_address;
  char** debug_info_path;
};

struct libdw {
  using word = std::uint64_t;

  // A process's modules, and whose an address is.
  dwfl* (*dwfl_begin)(const dwfl_callbacks*);
  void (*dwfl_end)(dwfl*);
  int (*dwfl_linux_proc_report)(dwfl*, pid_t);
  int (*dwfl_report_end)(dwfl*, void*, void*);
  dwfl_module* (*dwfl_addrmodule)(dwfl*, word);
  // A module's compilation units: the one at an address, if the module has a table of them; all, one after another.
  dwarf_die* (*dwfl_module_addrdie)(dwfl_module*, word, word* bias);
  dwarf_die* (*dwfl_module_nextcu)(dwfl_module*, dwarf_die*, word* bias);
  int (*dwarf_haspc)(dwarf_die*, word);
  // A unit's lines and files.
  dwarf_line* (*dwarf_getsrc_die)(dwarf_die*, word);
  const char* (*dwarf_linesrc)(dwarf_line*, word*, word*);
  int (*dwarf_lineno)(dwarf_line*, int*);
  int (*dwarf_getsrcfiles)(dwarf_die*, dwarf_files**, std::size_t*);
  const char* (*dwarf_filesrc)(dwarf_files*, std::size_t, word*, word*);
  // What encloses an address, innermost first, in memory that is free()d; what encloses an entry.
  int (*dwarf_getscopes)(dwarf_die*, word, dwarf_die**);
  int (*dwarf_getscopes_die)(dwarf_die*, dwarf_die**);
  int (*dwarf_tag)(dwarf_die*);
  dwarf_attribute* (*dwarf_attr)(dwarf_die*, unsigned, dwarf_attribute*);
  int (*dwarf_formudata)(dwarf_attribute*, word*);
  // Where a module's own file and its separate debug information lie; only handed back to libdw.
  void* dwfl_linux_proc_find_elf;
  void* dwfl_build_id_find_debuginfo;
};

inline constexpr int k_inlined_subroutine = 0x1d;  // DW_TAG_inlined_subroutine
inline constexpr unsigned k_call_file = 0x58;      // DW_AT_call_file
inline constexpr unsigned k_call_line = 0x59;      // DW_AT_call_line
inline constexpr const char* k_libdw = "libdw.so.1";

// Null: there is none. Loaded once, for good.
[[nodiscard]] const libdw* find_libdw();

// For tests: under which name it is looked for from now on.
void look_for_libdw_as(const char* name);

}  // namespace weft::detail
