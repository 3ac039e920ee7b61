// Room: netpoll. See kept_answers.hpp.

#include "kept_answers.hpp"

#include <algorithm>
#include <chrono>

#include <weft/netpoll/errc.hpp>

namespace weft::net::detail {

namespace {

// How long it may be kept. What is the resolver's trouble and not the name's may be over in a moment.
std::chrono::nanoseconds life_of(const lookup_answer& answer, const resolver_options& options) noexcept {
  if (!answer.error) return options.keep_answers;
  const bool is_of_the_name = answer.error == errc::host_not_found || answer.error == errc::service_not_found;
  return is_of_the_name ? std::min(options.keep_answers, options.keep_failures) : std::chrono::nanoseconds(0);
}

}  // namespace

void kept_answers::set(const resolver_options& options) {
  options_ = options;
  all_.clear();
}

const lookup_answer* kept_answers::find(const std::string& name, deadline now) const {
  const auto found = all_.find(name);
  return found != all_.end() && found->second.until > now ? &found->second.answer : nullptr;
}

void kept_answers::keep(const std::string& name, const lookup_answer& answer, deadline now) {
  const auto life = life_of(answer, options_);
  if (life <= std::chrono::nanoseconds(0) || options_.most_kept == 0) return;
  if (all_.size() >= options_.most_kept && !all_.contains(name)) make_room(now);
  all_.insert_or_assign(name, kept{answer, deadline::after(now, life)});
}

void kept_answers::make_room(deadline now) {
  std::erase_if(all_, [now](const auto& each) { return each.second.until <= now; });
  if (all_.size() < options_.most_kept) return;
  all_.erase(std::min_element(all_.begin(), all_.end(),
                              [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
}

}  // namespace weft::net::detail
