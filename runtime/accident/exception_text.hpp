#pragma once
// Room: runtime. What was thrown, in words: for last words and for errors that name another.

#include <exception>
#include <string>

namespace weft::detail {

// Its what(), if it has one. `thrown` is not null.
[[nodiscard]] std::string text_of(const std::exception_ptr& thrown);

}  // namespace weft::detail
