// Room: tests. Model of steal_ring.hpp: every item that was pushed is taken exactly once, with what it points
// to, by its owner, by a thief, or by a thief of the thief. A ring of 4 slots whose indices wrap; one owner, two
// thieves.

#include "steal_ring.hpp"

#include "search.hpp"

namespace weft::model {
namespace {

struct item {
  plain<int> payload{0};  // written before the push, read and written again by whoever takes it
};

constexpr unsigned k_items = 7;
constexpr std::uint32_t k_just_before_the_wrap = 0xfffffffd;

template <class Mutation>
using ring = detail::steal_ring<model_env<Mutation>, item, 4>;

void consume(item& taken) {
  RL_ASSERT(taken.payload.get() == 1);
  taken.payload.set(2);
}

template <class Ring>
void consume_all(Ring& mine) {
  while (item* const taken = mine.pop()) consume(*taken);
}

// The owner pushes, takes half when full, pops now and then; thieves steal and pop, the second one from the first as
// well.
template <class Mutation>
struct owner_and_thieves : rl::test_suite<owner_and_thieves<Mutation>, 3> {
  item items[k_items];
  ring<Mutation> owned{k_just_before_the_wrap};
  ring<Mutation> stolen[2];

  void thread(unsigned index) {
    if (index == 0)
      own();
    else
      steal(index - 1);
  }

  void own() {
    for (item& each : items) {
      each.payload.set(1);
      while (!owned.push(&each)) overflow();
      if (rl::rand(3) == 0)
        if (item* const taken = owned.pop()) consume(*taken);
    }
  }

  void overflow() {
    item* half[2];
    const std::uint32_t count = owned.take_half(half);
    RL_ASSERT(count <= 2);
    for (std::uint32_t i = 0; i != count; ++i) consume(*half[i]);
  }

  void steal(unsigned me) {
    for (int round = 0; round != 2; ++round) {
      if (item* const taken = owned.steal_into(stolen[me])) consume(*taken);
      RL_ASSERT(stolen[me].size() <= 2);
      if (me == 1)
        if (item* const taken = stolen[0].steal_into(stolen[1])) consume(*taken);
      if (rl::rand(2) == 0) consume_all(stolen[me]);
    }
  }

  void after() {
    consume_all(owned);
    for (auto& each : stolen) consume_all(each);
    for (const item& each : items) RL_ASSERT(each.payload.get() == 2);
  }
};

// A thief that comes back with nothing has seen the ring empty: of three items two thieves both get one, who loses too.
template <class Mutation>
struct nothing_means_empty : rl::test_suite<nothing_means_empty<Mutation>, 2> {
  item items[3];
  ring<Mutation> owned{k_just_before_the_wrap};
  ring<Mutation> stolen[2];

  void before() {
    for (item& each : items) {
      each.payload.set(1);
      RL_ASSERT(owned.push(&each));
    }
  }

  void thread(unsigned index) {
    item* const taken = owned.steal_into(stolen[index]);
    RL_ASSERT(taken != nullptr);
    consume(*taken);
  }

  void after() { RL_ASSERT(owned.size() + stolen[0].size() + stolen[1].size() == 1); }
};

// A thief takes no more than its own ring has room for.
template <class Mutation>
struct thief_without_room : rl::test_suite<thief_without_room<Mutation>, 2> {
  item items[4];
  item own_items[3];
  ring<Mutation> owned;
  ring<Mutation> stolen{k_just_before_the_wrap};

  void before() {
    for (item& each : own_items) {
      each.payload.set(1);
      RL_ASSERT(stolen.push(&each));
    }
  }

  void thread(unsigned index) {
    if (index == 0) {
      for (item& each : items) {
        each.payload.set(1);
        RL_ASSERT(owned.push(&each));
      }
    } else {
      for (int round = 0; round != 2; ++round)
        if (item* const taken = owned.steal_into(stolen)) consume(*taken);
    }
  }

  void after() {
    RL_ASSERT(stolen.size() <= 4);
    consume_all(owned);
    consume_all(stolen);
    for (const item& each : items) RL_ASSERT(each.payload.get() == 2);
    for (const item& each : own_items) RL_ASSERT(each.payload.get() == 2);
  }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<owner_and_thieves<faithful>>("owner and two thieves: each item once", 1'000'000);
  s.must_pass<nothing_means_empty<faithful>>("a steal that brings nothing saw an empty ring", 200'000);
  s.must_pass<thief_without_room<faithful>>("a thief respects the room in its own ring", 200'000);
  s.must_fail<owner_and_thieves<torn_cas>>("head_ moved without a compare-and-swap", 100'000);
  s.must_fail<owner_and_thieves<no_release>>("no release: the slots are not published", 100'000);
  s.must_fail<owner_and_thieves<no_acquire>>("no acquire: the slots are not acquired", 100'000);
  return s.exit_code();
}
