#pragma once
// Room: bench. What is asked, and how one knows that it was answered, and rightly: an echo, each byte of it; or a GET
// over HTTP/1.1, by its status and Content-Length.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace load {

// One question and its answers. `take` is given what came and returns how much is still to come of this answer, nothing
// if it is wrong. Before each answer: begin.
class echo_talk {
 public:
  explicit echo_talk(std::size_t size) : question_(size, 'x') {
    for (std::size_t i = 0; i < size; ++i) question_[i] = static_cast<char>('a' + i % 26);
  }
  [[nodiscard]] std::string_view question() const { return question_; }

  struct answer {
    std::size_t received = 0;
  };
  [[nodiscard]] std::optional<bool> take(answer& so_far, std::string_view came) const {
    if (came.size() > question_.size() - so_far.received) return {};
    if (question_.compare(so_far.received, came.size(), came) != 0) return {};
    so_far.received += came.size();
    return so_far.received == question_.size();
  }

 private:
  std::string question_;
};

class http_talk {
 public:
  explicit http_talk(const std::string& target) : question_("GET " + target + " HTTP/1.1\r\nHost: bench\r\n\r\n") {}
  [[nodiscard]] std::string_view question() const { return question_; }

  struct answer {
    std::string head;         // up to the empty line
    std::size_t to_come = 0;  // of the body, once the head is whole
    bool has_head = false;
  };
  [[nodiscard]] std::optional<bool> take(answer& so_far, std::string_view came) const {
    if (!so_far.has_head) {
      so_far.head += came;
      const std::size_t end = so_far.head.find("\r\n\r\n");
      if (end == std::string::npos) return so_far.head.size() < k_longest_head ? std::optional(false) : std::nullopt;
      const auto length = length_in(std::string_view(so_far.head).substr(0, end + 2));
      if (!length) return {};
      so_far.has_head = true;
      so_far.to_come = *length;
      const std::string rest = so_far.head.substr(end + 4);
      return take_body(so_far, rest.size());
    }
    return take_body(so_far, came.size());
  }

 private:
  static constexpr std::size_t k_longest_head = 8192;

  static std::optional<bool> take_body(answer& so_far, std::size_t size) {
    if (size > so_far.to_come) return {};
    so_far.to_come -= size;
    return so_far.to_come == 0;
  }

  static std::optional<std::size_t> length_in(std::string_view head) {
    if (!head.starts_with("HTTP/1.1 200 ")) return {};
    constexpr std::string_view k_name = "\r\ncontent-length:";
    const auto at = std::search(head.begin(), head.end(), k_name.begin(), k_name.end(),
                                [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
    if (at == head.end()) return {};
    const char* first = &*at + k_name.size();
    while (*first == ' ') ++first;
    std::size_t value = 0;
    const auto [last, ec] = std::from_chars(first, head.data() + head.size(), value);
    return ec == std::errc() && *last == '\r' ? std::optional(value) : std::nullopt;
  }

  std::string question_;
};

}  // namespace load
