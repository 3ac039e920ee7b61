#pragma once
// Room: netpoll. What may be read into and written from: any contiguous range of byte-like elements (std::byte, char,
// unsigned char, signed char, char8_t): arrays, spans, vectors, strings. Text is passed as std::string_view: an array
// of const char, such as a string literal, is text, and so its trailing NUL is not written.

#include <weft/runtime/detail/require_cpp20.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace weft::net::detail {

template <class T>
inline constexpr bool is_byte_like =
    std::same_as<T, std::byte> || std::same_as<T, char> || std::same_as<T, unsigned char> ||
    std::same_as<T, signed char> || std::same_as<T, char8_t>;

// What a span over it would have for elements. A span takes contiguous ranges of a known size and nothing else, and
// <ranges> would be dear.
template <class Range>
using element_of = typename decltype(std::span(std::declval<Range&>()))::element_type;

template <class Range>
concept contiguous_bytes = is_byte_like<std::remove_cv_t<element_of<Range>>>;

template <class Range>
inline constexpr bool is_text_array =
    std::conjunction_v<std::is_array<std::remove_reference_t<Range>>,
                       std::is_same<std::remove_extent_t<std::remove_reference_t<Range>>, const char>>;

// May be written from.
template <class Range>
concept byte_range = contiguous_bytes<Range> && !is_text_array<Range>;

// May be read into.
template <class Range>
concept mutable_byte_range = contiguous_bytes<Range> && !std::is_const_v<element_of<Range>>;

template <byte_range Range>
[[nodiscard]] std::span<const std::byte> bytes_of(Range&& range) noexcept {
  return std::as_bytes(std::span(range));
}

template <mutable_byte_range Range>
[[nodiscard]] std::span<std::byte> writable_bytes_of(Range&& range) noexcept {
  return std::as_writable_bytes(std::span(range));
}

template <class Char>  // char alone; a template, which costs nothing where no text is written
[[nodiscard]] std::span<const std::byte> bytes_of_text(std::basic_string_view<Char> text) noexcept {
  return std::as_bytes(std::span(text));
}

}  // namespace weft::net::detail

#pragma GCC visibility pop
