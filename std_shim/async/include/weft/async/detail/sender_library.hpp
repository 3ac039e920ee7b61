#pragma once
// Room: async. The library of senders that is at hand, under one name.

#include <weft/runtime/detail/require_cpp20.hpp>

#if __has_include(<stdexec/execution.hpp>)
#include <stdexec/execution.hpp>
#define WEFT_SENDERS ::stdexec
#elif __has_include(<beman/execution/execution.hpp>)
#include <beman/execution/execution.hpp>
#define WEFT_SENDERS ::beman::execution
#else
#include <version>
#if defined(__cpp_lib_senders)
#include <execution>
#define WEFT_SENDERS ::std::execution
#else
#error "weft/senders.hpp needs a library of senders: put the include/ of stdexec or beman.execution on the path"
#endif
#endif

#pragma GCC visibility push(default)

namespace weft::detail {
namespace senders = WEFT_SENDERS;
}  // namespace weft::detail

#pragma GCC visibility pop

#undef WEFT_SENDERS
