#pragma once
// Room: runtime. Text for signal handlers: put together by hand in a buffer of its own, and written by write(2). It
// allocates nothing, calls nothing that a handler may not call, and what does not fit is left out.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <unistd.h>

namespace weft::detail {

class fixed_text {
 public:
  fixed_text& operator<<(std::string_view text) noexcept {
    for (const char c : text) put(c);
    return *this;
  }
  fixed_text& operator<<(std::uint64_t number) noexcept { return digits(number, 10); }
  // No operator: any pointer to char would be taken for one.
  fixed_text& add_address(const void* address) noexcept {
    return (*this << "0x").digits(reinterpret_cast<std::uintptr_t>(address), 16);
  }

  [[nodiscard]] std::string_view text() const noexcept { return {buffer_.data(), size_}; }

  void write_to(int descriptor) const noexcept {
    // Whoever reads may have gone: there is nobody left to tell.
    for (std::size_t done = 0; done < size_;) {
      const ::ssize_t written = ::write(descriptor, buffer_.data() + done, size_ - done);
      if (written <= 0) return;
      done += static_cast<std::size_t>(written);
    }
  }

 private:
  void put(char c) noexcept {
    if (size_ < buffer_.size()) buffer_[size_++] = c;
  }
  fixed_text& digits(std::uint64_t number, unsigned base) noexcept {
    std::array<char, 20> reversed;  // as many as 2^64 has
    std::size_t count = 0;
    do {
      reversed[count++] = "0123456789abcdef"[number % base];
      number /= base;
    } while (number != 0);
    while (count != 0) put(reversed[--count]);
    return *this;
  }

  std::array<char, 1024> buffer_;
  std::size_t size_ = 0;
};

}  // namespace weft::detail
