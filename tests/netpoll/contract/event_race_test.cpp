// Room: tests of netpoll. Pairs and triples of what may happen to a stream, in every order: on real descriptors as a
// seed draws them, pipes under simulation.

#include "contract/event_race.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

#include <support/fiber_test.hpp>
#include <support/seed.hpp>
#include <support/simulated.hpp>

namespace weft::testing {
namespace {

constexpr int k_rounds = 40;

FIBER_TEST(event_race, whatever_happens_first_every_call_ends_and_says_why) {
  std::minstd_rand random(static_cast<unsigned>(seed_of_this_test()));
  auto order = k_stream_events;
  for (const stream_kind& kind : k_stream_kinds) {
    for (int round = 0; round < k_rounds; ++round) {
      std::shuffle(order.begin(), order.end(), random);
      const int most = 1 + static_cast<int>(random() % 3);
      try {
        event_race(kind, kind.much / 4).run(order, most);
      } catch (const std::logic_error& broken) {
        ADD_FAILURE() << kind.name << ", round " << round << ": " << broken.what();
      }
    }
  }
}

template <int Most>
void race_in_simulation() {
  static constexpr stream_kind k_small_pipe = {"pipe", "pipe read", "pipe write", 12, &make_pipe_pair};
  event_race(k_small_pipe, 12).run(k_stream_events, Most);
}

TEST(simulated_event_race, of_two_ends_every_call) { expect_holds(race_in_simulation<2>); }
TEST(simulated_event_race, of_three_ends_every_call) { expect_holds(race_in_simulation<3>); }

// A stream that puts a byte of its own before what is written: the race would see it.
stream_pair make_spoilt_pair() {
  stream_pair pair = make_pipe_pair();
  pair.far.write_all("?");
  return pair;
}
void race_of_spoilt_pipes() {
  static constexpr stream_kind k_spoilt = {"spoilt", "pipe read", "pipe write", 12, &make_spoilt_pair};
  event_race(k_spoilt, 12).run(k_stream_events, 3);
}
TEST(simulated_event_race, sees_a_byte_that_is_anothers) { expect_found(50, race_of_spoilt_pipes); }

}  // namespace
}  // namespace weft::testing
