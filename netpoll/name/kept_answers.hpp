#pragma once
// Room: netpoll. What the resolver has answered, for as long as it is to be believed. The resolver does not tell how
// long that is: whoever sets it up does (resolver_options). Not locked: lookup_flight.cpp does.

#include <cstddef>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

#include <weft/netpoll/endpoint.hpp>
#include <weft/netpoll/resolve.hpp>
#include <weft/runtime/deadline.hpp>

namespace weft::net::detail {

// Addresses, or why there are none.
struct lookup_answer {
  std::vector<endpoint> addresses;
  std::error_code error;
};

class kept_answers {
 public:
  // Forgets all.
  void set(const resolver_options& options);

  // Null if there is none, or none that is to be believed any more. Good until the next call of this.
  [[nodiscard]] const lookup_answer* find(const std::string& name, deadline now) const;

  // Unless it is not one to be kept. If there are too many, those that are too old go, or the one that will be next.
  void keep(const std::string& name, const lookup_answer& answer, deadline now);

 private:
  struct kept {
    lookup_answer answer;
    deadline until;
  };
  void make_room(deadline now);

  resolver_options options_;
  std::unordered_map<std::string, kept> all_;
};

}  // namespace weft::net::detail
