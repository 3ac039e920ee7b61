// Room: runtime. See symbol_file.hpp. ELF, 64 bits.

#include "symbol_file.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
  return (*read)[info.dli_fbase] = read_module(path_of_module(info).c_str());
}

const function* function_at(const module& in, std::uintptr_t address) noexcept {
  auto after = std::upper_bound(in.functions.begin(), in.functions.end(), address,
                                [](std::uintptr_t a, const function& f) { return a < f.begin; });
  if (after == in.functions.begin()) return nullptr;
  const function& last = *--after;
  return address - last.begin < std::max<std::uintptr_t>(last.size, 1) ? &last : nullptr;
}

}  // namespace

symbol_in_file look_up_in_file(const Dl_info& module, std::uintptr_t address) {
  const auto& in = module_of(module);
  const std::uintptr_t base = in.is_relocated ? reinterpret_cast<std::uintptr_t>(module.dli_fbase) : 0;
  const function* const found = function_at(in, address - base);
  if (found == nullptr) return {base, 0, nullptr};
  return {base, base + found->begin, found->name};
}

}  // namespace weft::detail
