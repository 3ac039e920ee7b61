// Room: tls. See session_store.hpp.

#include "session_store.hpp"

#include <algorithm>
#include <utility>

namespace weft::tls::detail {

void session_store::put(const std::string& name, session_handle session) {
  const std::scoped_lock lock(mutex_);
  auto& of_name = by_name_[name];
  of_name.last_use = ++uses_;
  // One of TLS 1.2 serves any number of connections: the newest is enough.
  const bool is_reusable = SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION;
  if (is_reusable) of_name.sessions.clear();
  if (of_name.sessions.size() == k_most_of_one) of_name.sessions.erase(of_name.sessions.begin());
  of_name.sessions.push_back(std::move(session));
  if (by_name_.size() > k_most_names) forget_oldest();
}

session_handle session_store::take(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || found->second.sessions.empty()) return nullptr;
  found->second.last_use = ++uses_;
  auto& newest = found->second.sessions.back();
  if (SSL_SESSION_get_protocol_version(newest.get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(newest.get());
    return session_handle(newest.get());
  }
  session_handle once = std::move(newest);
  found->second.sessions.pop_back();
  return once;
}

void session_store::forget_oldest() {
  by_name_.erase(std::min_element(by_name_.begin(), by_name_.end(),
                                  [](const auto& a, const auto& b) { return a.second.last_use < b.second.last_use; }));
}

}  // namespace weft::tls::detail
