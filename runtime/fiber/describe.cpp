// Room: runtime. See describe.hpp.

#include "describe.hpp"

#include <array>
#include <cstdio>

#include "fiber_block.hpp"
#include "symbols.hpp"

namespace weft::detail {

std::string name_of(const fiber_label::copy& label) {
  const std::string text = "fiber #" + std::to_string(label.id);
  return label.name[0] != '\0' ? text + " '" + label.name.data() + "'" : text;
}

std::string text_of_lock(const char* kind, const void* lock) {
  std::array<char, 24> address;
  std::snprintf(address.data(), address.size(), " %p", lock);
  return std::string(kind != nullptr ? kind : "lock") + address.data();
}

std::string describe(const fiber_label::copy& label) {
  std::string text = name_of(label);
  if (const std::string site = site_of(label); !site.empty()) text += ", spawned at " + site;
  return text;
}

std::string describe(const fiber_block& fiber) {
  fiber_label::copy label;
  return fiber.label.read(label) ? describe(label) : "a fiber that has just begun";
}

std::string site_of(const fiber_label::copy& label) {
  if (label.site.file != nullptr) return std::string(label.site.file) + ":" + std::to_string(label.site.line);
  return label.site.address != nullptr ? describe_return_address(label.site.address) : "";
}

}  // namespace weft::detail
