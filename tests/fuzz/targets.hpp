#pragma once
// Room: tests. What reads text that comes from outside, each as a function of any bytes that checks what must hold of
// them, whether they are taken or refused. The kept inputs (corpus/) and others made of them are run as a test
// (corpus_test.cpp); libFuzzer looks for more (fuzz_main.cpp, ./dev soak).

#include <stdexcept>
#include <string>
#include <string_view>

namespace weft::fuzz {

// Endpoints, and the split of "host:port".
void address(std::string_view input);
// The first byte chooses: a number, a number with a suffix, or what a variable of the environment says.
void settings(std::string_view input);

inline void require(bool holds, const char* what, std::string_view input) {
  if (!holds) throw std::logic_error(std::string(what) + ": '" + std::string(input) + "'");
}

// Of an exception's text, which ends at a zero byte.
inline bool names(const std::exception& refusal, std::string_view input) {
  return std::string_view(refusal.what()).find(input.substr(0, input.find('\0'))) != std::string_view::npos;
}

}  // namespace weft::fuzz
