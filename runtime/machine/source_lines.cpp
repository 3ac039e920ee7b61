// Room: runtime. See source_lines.hpp. One view of the process serves all addresses that are asked for together: the
// modules that it has mapped, and of each that is asked for its debug information. What was found stays, the view goes.

#include "source_lines.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <unistd.h>

#include "libdw.hpp"

namespace weft::detail {

namespace {

using word = libdw::word;

std::string text_of_line(const char* file, word line) {
  if (file == nullptr || line == 0) return "";
  return std::filesystem::path(file).lexically_normal().string() + ":" + std::to_string(line);
}

// The compilation unit that an address lies in, and the address as that counts.
struct place {
  dwarf_die* unit = nullptr;
  word address = 0;
};

class process_view {
 public:
  explicit process_view(const libdw& calls)
      : calls_(calls),
        finders_{calls.dwfl_linux_proc_find_elf, calls.dwfl_build_id_find_debuginfo, nullptr, nullptr},
        modules_(calls.dwfl_begin(&finders_), calls.dwfl_end) {
    if (modules_ == nullptr) return;
    const bool is_seen = calls_.dwfl_linux_proc_report(modules_.get(), ::getpid()) == 0;
    if (calls_.dwfl_report_end(modules_.get(), nullptr, nullptr) != 0 || !is_seen) modules_.reset();
  }

  // Of the instruction at that very address.
  [[nodiscard]] std::string line_at(word address) const {
    const place at = find(address);
    if (at.unit == nullptr) return "";
    dwarf_line* const line = calls_.dwarf_getsrc_die(at.unit, at.address);
    int number = 0;
    if (line == nullptr || calls_.dwarf_lineno(line, &number) != 0) return "";
    const std::string inner = text_of_line(calls_.dwarf_linesrc(line, nullptr, nullptr), static_cast<word>(number));
    const std::string outer = outermost_call(at);
    return outer.empty() || outer == inner ? inner : outer + " (inlined: " + inner + ")";
  }

 private:
  [[nodiscard]] place find(word address) const {
    dwfl_module* const in = modules_ != nullptr ? calls_.dwfl_addrmodule(modules_.get(), address) : nullptr;
    if (in == nullptr) return {};
    word bias = 0;
    dwarf_die* const listed = calls_.dwfl_module_addrdie(in, address, &bias);
    if (has(listed, address - bias)) return {listed, address - bias};
    // clang lists no addresses of its units, and then a neighbour may be named: they are asked one by one.
    for (dwarf_die* unit = nullptr; (unit = calls_.dwfl_module_nextcu(in, unit, &bias)) != nullptr;)
      if (has(unit, address - bias)) return {unit, address - bias};
    return {};
  }

  [[nodiscard]] bool has(dwarf_die* unit, word address) const {
    return unit != nullptr && calls_.dwarf_haspc(unit, address) > 0;
  }

  using entries = std::unique_ptr<dwarf_die, void (*)(void*)>;

  // Where the function whose frame it is calls what was inlined there, and maybe calls further what was. Empty: nothing
  // was inlined.
  [[nodiscard]] std::string outermost_call(const place& at) const {
    dwarf_die* found = nullptr;
    if (calls_.dwarf_getscopes(at.unit, at.address, &found) <= 0) return "";
    const entries scopes(found, &std::free);  // those of an inlined function are where it was written
    const int count = calls_.dwarf_getscopes_die(scopes.get(), &found);
    if (count <= 0) return "";
    const entries around(found, &std::free);  // ... and these where it is
    std::string call;
    for (int i = 0; i < count; ++i)
      if (calls_.dwarf_tag(&around.get()[i]) == k_inlined_subroutine) call = call_of(&around.get()[i], at.unit);
    return call;
  }

  [[nodiscard]] std::string call_of(dwarf_die* inlined, dwarf_die* unit) const {
    dwarf_files* files = nullptr;
    std::size_t count = 0;
    const word file = number_of(inlined, k_call_file);
    if (calls_.dwarf_getsrcfiles(unit, &files, &count) != 0 || file >= count) return "";
    return text_of_line(calls_.dwarf_filesrc(files, file, nullptr, nullptr), number_of(inlined, k_call_line));
  }

  [[nodiscard]] word number_of(dwarf_die* entry, unsigned attribute) const {
    dwarf_attribute room{};
    word number = 0;
    dwarf_attribute* const found = calls_.dwarf_attr(entry, attribute, &room);
    return found != nullptr && calls_.dwarf_formudata(found, &number) == 0 ? number : 0;
  }

  const libdw& calls_;
  const dwfl_callbacks finders_;
  std::unique_ptr<dwfl, void (*)(dwfl*)> modules_;
};

struct known_lines {
  std::mutex mutex;  // held while files are read, so no internal lock
  std::map<const void*, std::string> at;
};

known_lines& known() {
  static auto* const k = new known_lines;  // never destroyed: a report may come late
  return *k;
}

}  // namespace

bool learn_lines(std::span<const void* const> return_addresses) {
  const libdw* const calls = find_libdw();
  if (calls == nullptr) return false;
  known_lines& lines = known();
  const std::scoped_lock lock(lines.mutex);
  std::vector<const void*> fresh;
  for (const void* const each : return_addresses)
    if (!lines.at.contains(each)) fresh.push_back(each);
  if (fresh.empty()) return true;
  const process_view view(*calls);
  for (const void* const each : fresh) {
    const auto [at, is_new] = lines.at.try_emplace(each);
    if (is_new) at->second = view.line_at(reinterpret_cast<std::uintptr_t>(each) - 1);
  }
  return true;
}

std::string line_of(const void* return_address) {
  known_lines& lines = known();
  const std::scoped_lock lock(lines.mutex);
  const auto found = lines.at.find(return_address);
  return found != lines.at.end() ? found->second : "";
}

}  // namespace weft::detail
