#pragma once
// Room: netpoll. What a child is told, as execve has it: arrays of texts that end with null. And whether it can be.

#include <string>
#include <system_error>
#include <vector>

#include <weft/netpoll/process.hpp>

namespace weft::net {

// Points into the texts that it is made of.
class null_ended {
 public:
  explicit null_ended(std::vector<std::string>& texts);
  [[nodiscard]] char* const* get() const noexcept { return pointers_.data(); }

 private:
  std::vector<char*> pointers_;
};

// This program's environment with the options' changes.
[[nodiscard]] std::vector<std::string> environment_for(const process_options& options);

// Empty, or why these cannot be told: an argument with a NUL in it would be cut there.
[[nodiscard]] std::string objection_to(const std::vector<std::string>& arguments, const process_options& options);

}  // namespace weft::net
