#pragma once
// Room: tests of netpoll. The resolver of this program answers for names that end in ".test" what a test says, and
// when; for all others it is the system's. The names of a test are its own: two tests may run in turn, not at once.

#include <string>
#include <vector>

#include <weft/netpoll/endpoint.hpp>

namespace weft::testing {

// While one lives it answers for ".test" names; a name of which nothing was said cannot be
// answered now (EAI_AGAIN).
class fake_resolver {
 public:
  fake_resolver();
  ~fake_resolver();  // answers whoever still asks, and waits until nobody does
  fake_resolver(const fake_resolver&) = delete;
  fake_resolver& operator=(const fake_resolver&) = delete;

  // From now on. `otherwise`: an EAI_ number.
  void answer(const std::string& name, const std::vector<net::endpoint>& addresses);
  void refuse(const std::string& name, int otherwise);

  // Nobody is answered until let_go.
  void hold_back() noexcept;
  void let_go() noexcept;

  [[nodiscard]] int asking() const noexcept;                   // how many wait for an answer now
  [[nodiscard]] int asked_for(const std::string& name) const;  // how often it was, since this one was made
};

}  // namespace weft::testing
