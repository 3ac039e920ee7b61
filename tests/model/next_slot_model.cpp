// Room: tests. Model of next_slot.hpp beside the ring, "Counting out": a worker whose fiber makes others ready
// is counted out meanwhile, and runs on for ever. All that it has made ready before and after is in inject at the end,
// each once, with what it points to.

#include "next_slot.hpp"

#include "search.hpp"
#include "steal_ring.hpp"

namespace weft::model {
namespace {

struct item {
  plain<int> payload{0};  // written before the put, read and written again by whoever moves it to inject
};

constexpr unsigned k_items = 3;

void inject(item& moved) {
  RL_ASSERT(moved.payload.get() == 1);
  moved.payload.set(2);
}

template <class Mutation>
struct a_busy_worker_is_counted_out : rl::test_suite<a_busy_worker_is_counted_out<Mutation>, 2> {
  using env = model_env<Mutation>;
  using ring = detail::steal_ring<env, item, 4>;

  item items[k_items];
  detail::next_slot<env, item> next;
  ring owned;

  void thread(unsigned index) {
    if (index == 0)
      own();
    else
      watch();
  }

  static void move_all(ring& from) {
    while (item* const each = from.steal_one()) inject(*each);
  }

  void own() {
    for (item& each : items) {
      each.payload.set(1);
      item* const other = next.put(&each);  // P1
      if (other == nullptr) continue;
      if (other == &each) {
        inject(each);
        continue;
      }
      RL_ASSERT(owned.push(other));
      env::fence();                           // P2
      if (next.is_closed()) move_all(owned);  // P3
    }
  }

  void watch() {
    if (rl::rand(2) == 0)
      if (item* const stale = next.take()) inject(*stale);
    if (item* const left = next.close()) inject(*left);  // N1, N2
    move_all(owned);                                     // N3
  }

  void after() {
    RL_ASSERT(next.is_closed() && owned.empty());
    for (const item& each : items) RL_ASSERT(each.payload.get() == 2);
  }
};

// ... and a dump looks at who is ready there meanwhile: it has alone what it takes, and a closed slot stays closed.
template <class Mutation, bool AsTheOwner>
struct a_dump_looks_meanwhile : rl::test_suite<a_dump_looks_meanwhile<Mutation, AsTheOwner>, 3> {
  a_busy_worker_is_counted_out<Mutation> busy;

  void thread(unsigned index) {
    if (index != 2) return busy.thread(index);
    for (int look = 0; look != 2; ++look)
      if (item* const seen = AsTheOwner ? busy.next.take() : busy.next.steal()) inject(*seen);
  }

  void after() { busy.after(); }
};

// A yield puts into the ring without a fence, for no yield shall pay for one: the monitor looks again a tick later.
template <class Mutation, bool LooksAgain>
struct a_yield_meets_it : rl::test_suite<a_yield_meets_it<Mutation, LooksAgain>, 2> {
  using env = model_env<Mutation>;
  using ring = detail::steal_ring<env, item, 4>;
  using others = a_busy_worker_is_counted_out<Mutation>;

  item yielded;
  detail::next_slot<env, item> next;
  ring owned;

  void thread(unsigned index) {
    if (index == 1) {
      RL_ASSERT(next.close() == nullptr);
      others::move_all(owned);
      return;
    }
    yielded.payload.set(1);
    RL_ASSERT(owned.push(&yielded));
    if (next.is_closed()) others::move_all(owned);
  }

  void after() {
    if (LooksAgain) others::move_all(owned);
    RL_ASSERT(owned.empty() && yielded.payload.get() == 2);
  }
};

// One that comes back, finds the slot closed, and opens it when it is counted in again: nothing is in it.
template <class Mutation>
struct a_worker_comes_back : rl::test_suite<a_worker_comes_back<Mutation>, 2> {
  using env = model_env<Mutation>;

  item only;
  detail::next_slot<env, item> next;

  void thread(unsigned index) {
    if (index == 1) {
      if (item* const left = next.close()) inject(*left);
      return;
    }
    only.payload.set(1);
    if (next.put(&only) == &only) return inject(only);
    if (item* const mine = next.take()) inject(*mine);
  }

  void after() {
    RL_ASSERT(only.payload.get() == 2 && next.is_closed());
    next.open();
    RL_ASSERT(!next.is_set());
  }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<a_busy_worker_is_counted_out<faithful>>("what a counted-out worker readies reaches inject", 400'000);
  s.must_pass<a_yield_meets_it<faithful, true>>("a yield as its worker is counted out", 200'000);
  s.must_pass<a_worker_comes_back<faithful>>("a worker that comes back finds its slot closed", 200'000);
  s.must_pass<a_dump_looks_meanwhile<faithful, false>>("a dump takes from the slot, too", 400'000);
  s.must_fail<a_dump_looks_meanwhile<faithful, true>>("a dump takes as the owner does, and opens the slot", 400'000);
  s.must_fail<a_dump_looks_meanwhile<no_acquire, false>>("no acquire: the dump's item is not acquired", 400'000);
  s.must_fail<a_yield_meets_it<faithful, false>>("the monitor does not look again", 200'000);
  s.must_fail<a_busy_worker_is_counted_out<no_fence>>("no fences: the ring keeps one", 200'000);
  s.must_fail<a_busy_worker_is_counted_out<no_release>>("no release: the item is not published", 200'000);
  s.must_fail<a_busy_worker_is_counted_out<no_acquire>>("no acquire: the item is not acquired", 200'000);
  return s.exit_code();
}
