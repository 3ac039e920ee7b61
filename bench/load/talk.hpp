#pragma once
// Room: bench. What is asked, and how one knows that it was answered, and rightly: an echo, each byte of it; or a GET
// over HTTP/1.1, each byte of it as in the first answer, whose status and Content-Length are read.

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

  // The first whole answer is what each later one has to equal, byte for byte: a server here gives no Date.
  struct answer {
    std::string text;  // until one is known
    std::size_t received = 0;
  };
  [[nodiscard]] std::optional<bool> take(answer& so_far, std::string_view came) {
    if (so_far.text.empty() && !expected_.empty()) return compare(so_far, came);
    so_far.text += came;
    const std::size_t end = so_far.text.find("\r\n\r\n");
    if (end == std::string::npos) return so_far.text.size() < k_longest_head ? std::optional(false) : std::nullopt;
    const auto length = length_in(std::string_view(so_far.text).substr(0, end + 2));
    if (!length || so_far.text.size() > end + 4 + *length) return {};
    if (so_far.text.size() < end + 4 + *length) return false;
    if (expected_.empty()) expected_ = so_far.text;
    return so_far.text == expected_ ? std::optional(true) : std::nullopt;
  }

 private:
  static constexpr std::size_t k_longest_head = 8192;

  [[nodiscard]] std::optional<bool> compare(answer& so_far, std::string_view came) const {
    if (came.size() > expected_.size() - so_far.received) return {};
    if (expected_.compare(so_far.received, came.size(), came) != 0) return {};
    so_far.received += came.size();
    return so_far.received == expected_.size();
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
  std::string expected_;
};

}  // namespace load
