#pragma once
// std_shim, interpose: the words of WEFT_INTERPOSE, which are separated by commas. Which there are stands in start.cpp,
// where one that is none of them is told. Reads the environment alone, for it may be asked before any constructor.

#include <cstdlib>
#include <string_view>

namespace weft::interpose {

// visit(word), for each that is not empty.
template <class Visit>
void for_each_word(Visit visit) noexcept {
  const char* const wanted = std::getenv("WEFT_INTERPOSE");
  std::string_view rest = wanted != nullptr ? wanted : "";
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    if (const std::string_view word = rest.substr(0, comma); !word.empty()) visit(word);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
}

[[nodiscard]] inline bool asks_for(std::string_view word) noexcept {
  bool is_there = false;
  for_each_word([&](std::string_view each) noexcept { is_there = is_there || each == word; });
  return is_there;
}

}  // namespace weft::interpose
