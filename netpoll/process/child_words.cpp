// Room: netpoll. See child_words.hpp.

#include "child_words.hpp"

#include <algorithm>
#include <string_view>

#include "child_calls.hpp"

namespace weft::net {

namespace {

std::string_view name_of(std::string_view entry) noexcept { return entry.substr(0, entry.find('=')); }

bool has_nul(const std::string& text) noexcept { return text.find('\0') != std::string::npos; }

void take_out(std::vector<std::string>& environment, std::string_view name) {
  std::erase_if(environment, [name](const std::string& each) { return name_of(each) == name; });
}

}  // namespace

null_ended::null_ended(std::vector<std::string>& texts) {
  pointers_.reserve(texts.size() + 1);
  for (std::string& each : texts) pointers_.push_back(each.data());
  pointers_.push_back(nullptr);
}

std::vector<std::string> environment_for(const process_options& options) {
  std::vector<std::string> environment;
  char** parents = options.inherit_environment ? detail::environment_of_parent() : nullptr;
  for (; parents != nullptr && *parents != nullptr; ++parents) environment.emplace_back(*parents);
  for (const std::string& each : options.environment) {
    take_out(environment, name_of(each));
    if (each.find('=') != std::string::npos) environment.push_back(each);
  }
  return environment;
}

std::string objection_to(const std::vector<std::string>& arguments, const process_options& options) {
  if (arguments.empty() || arguments.front().empty()) return "no program: its name is the first of the arguments";
  if (std::any_of(arguments.begin(), arguments.end(), has_nul)) return "an argument has a NUL in it";
  if (has_nul(options.directory)) return "the directory has a NUL in it";
  for (const std::string& each : options.environment)
    if (has_nul(each) || name_of(each).empty()) return "environment: neither NAME=value nor NAME: '" + each + "'";
  return {};
}

}  // namespace weft::net
