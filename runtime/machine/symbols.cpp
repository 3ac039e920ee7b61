// Room: runtime. See symbols.hpp. The dynamic linker knows exported functions alone; those of a program are in its
// symbol table, which is read from its file (ELF, 64 bits).

#include "symbols.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source_lines.hpp"

namespace weft::detail {

namespace {

struct function {
  std::uintptr_t begin;  // as in the file: without the module's base
  std::uintptr_t size;
  const char* name;  // in the mapping, which stays
};

// A file that is mapped for good, with every offset checked: it may be cut off, or be no ELF file.
class elf_file {
 public:
  explicit elf_file(const char* path) noexcept {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat about {};
    if (::fstat(file, &about) == 0 && about.st_size > 0) {
      void* const base = ::mmap(nullptr, static_cast<std::size_t>(about.st_size), PROT_READ, MAP_PRIVATE, file, 0);
      if (base != MAP_FAILED) {
        base_ = static_cast<const char*>(base);
        size_ = static_cast<std::size_t>(about.st_size);
      }
    }
    ::close(file);
  }

  // Null unless `count` of them are there.
  template <class T>
  [[nodiscard]] const T* at(std::uint64_t offset, std::uint64_t count = 1) const noexcept {
    if (offset > size_ || count > (size_ - offset) / sizeof(T) || offset % alignof(T) != 0) return nullptr;
    return reinterpret_cast<const T*>(base_ + offset);
  }

 private:
  const char* base_ = nullptr;
  std::size_t size_ = 0;
};

void add_functions(const elf_file& file, const Elf64_Shdr& symbols, const Elf64_Shdr& names,
                   std::vector<function>& to) {
  const std::uint64_t count = symbols.sh_size / sizeof(Elf64_Sym);
  const auto* const symbol = file.at<Elf64_Sym>(symbols.sh_offset, count);
  const char* const text = file.at<char>(names.sh_offset, names.sh_size);
  if (symbol == nullptr || text == nullptr || names.sh_size == 0 || text[names.sh_size - 1] != '\0') return;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Elf64_Sym& s = symbol[i];
    if (ELF64_ST_TYPE(s.st_info) == STT_FUNC && s.st_value != 0 && s.st_name < names.sh_size)
      to.push_back({s.st_value, s.st_size, text + s.st_name});
  }
}

struct module {
  bool is_relocated = true;  // addresses in the file are relative to where it is loaded
  std::vector<function> functions;
};

module read_module(const char* path) {
  module read;
  const elf_file file(path);
  const auto* const header = file.at<Elf64_Ehdr>(0);
  if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shentsize != sizeof(Elf64_Shdr))
    return read;
  read.is_relocated = header->e_type == ET_DYN;
  const auto* const sections = file.at<Elf64_Shdr>(header->e_shoff, header->e_shnum);
  if (sections == nullptr) return read;
  for (unsigned i = 0; i < header->e_shnum; ++i)
    if (sections[i].sh_type == SHT_SYMTAB && sections[i].sh_link < header->e_shnum)
      add_functions(file, sections[i], sections[sections[i].sh_link], read.functions);
  std::sort(read.functions.begin(), read.functions.end(),
            [](const function& a, const function& b) { return a.begin < b.begin; });
  return read;
}

const module& module_of(const Dl_info& info) {
  static auto* const read = new std::map<const void*, module>;  // by where it is loaded; never destroyed
  const auto known = read->find(info.dli_fbase);
  if (known != read->end()) return known->second;
  // The program's own name may be relative to a directory that it has left.
  const bool is_program = ::getauxval(AT_PHDR) - reinterpret_cast<std::uintptr_t>(info.dli_fbase) < 4096;
  return (*read)[info.dli_fbase] = read_module(is_program ? "/proc/self/exe" : info.dli_fname);
}

const function* function_at(const module& in, std::uintptr_t address) noexcept {
  auto after = std::upper_bound(in.functions.begin(), in.functions.end(), address,
                                [](std::uintptr_t a, const function& f) { return a < f.begin; });
  if (after == in.functions.begin()) return nullptr;
  const function& last = *--after;
  return address - last.begin < std::max<std::uintptr_t>(last.size, 1) ? &last : nullptr;
}

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
  const module& in = module_of(info);
  const std::uintptr_t base = in.is_relocated ? reinterpret_cast<std::uintptr_t>(info.dli_fbase) : 0;
  const std::string where = std::string(" in ") + info.dli_fname;
  if (const function* const f = function_at(in, call - base)) return named(f->name, at - base - f->begin, where);
  if (info.dli_sname != nullptr)
    return named(info.dli_sname, at - reinterpret_cast<std::uintptr_t>(info.dli_saddr), where);
  return {info.dli_fname + ("+" + in_hex(at - base))};
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
