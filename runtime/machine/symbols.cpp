// Room: runtime. See symbols.hpp. The dynamic linker knows exported functions alone; those of a program are in its
// symbol table, which is read from its file (symbol_file.hpp).

#include "symbols.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include <cxxabi.h>
#include <dlfcn.h>

#include "symbol_file.hpp"

#include "source_lines.hpp"

namespace weft::detail {

namespace {

std::string readable(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 ? text.get() : name;
}

std::string in_hex(std::uintptr_t number) {
  std::array<char, 24> text;
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(number));
  return text.data();
}

// By the mangled name: the namespace that a function is in comes first, whatever it is an instance of.
code_of whose(const char* name) noexcept {
  if (std::strncmp(name, "_Z", 2) != 0) return code_of::user;
  name += 2;
  while (*name == 'Z' || *name == 'N' || *name == 'K') ++name;
  const auto skip = [&name](const char* part) {
    const std::size_t size = std::strlen(part);
    if (std::strncmp(name, part, size) != 0) return false;
    name += size;
    return true;
  };
  if (!skip("4weft")) return code_of::user;
  return skip("6detail") || skip("12_GLOBAL__N_1") ? code_of::weft_inside : code_of::weft;
}

struct code {
  std::string text;
  std::string where = {};  // of the text, what follows the line
  std::string function = {};
  code_of whose = code_of::user;
};

code named(const char* name, std::uintptr_t offset, const std::string& where) {
  const std::string function = readable(name);
  return {function + "+" + in_hex(offset), where, function, whose(name)};
}

code look_up(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t call = at - 1;  // its last byte
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(call), &info) == 0 || info.dli_fname == nullptr) return {in_hex(at)};
  const symbol_in_file found = look_up_in_file(info, call);
  const std::string where = std::string(" in ") + info.dli_fname;
  if (found.name != nullptr) return named(found.name, at - found.begin, where);
  if (info.dli_sname != nullptr)
    return named(info.dli_sname, at - reinterpret_cast<std::uintptr_t>(info.dli_saddr), where);
  return {info.dli_fname + ("+" + in_hex(at - found.base))};
}

// Looked up once in the life of the process. It stays where it is, and is not changed.
const code& code_at(const void* address) {
  struct known_symbols {
    std::mutex mutex;  // held while files are read, so no internal lock
    std::map<const void*, code> at;
  };
  static auto* const known = new known_symbols;  // never destroyed: a report may come late
  const std::scoped_lock lock(known->mutex);
  const auto [found, is_new] = known->at.try_emplace(address);
  if (is_new) found->second = look_up(address);
  return found->second;
}

}  // namespace

std::string describe_return_address(const void* address) {
  const code& at = code_at(address);
  const std::string line = line_of(address);
  return at.text + (line.empty() ? "" : " at " + line) + at.where;
}

std::string function_of(const void* return_address) {
  const code& at = code_at(return_address);
  return at.function.empty() ? at.text + at.where : at.function;
}

code_of whose_code(const void* return_address) { return code_at(return_address).whose; }

}  // namespace weft::detail
