// Room: tests. Model of foreign_settling.hpp, over readiness_word.hpp, in "Waiting by number"
// (netpoll/readiness/foreign_table.hpp): two fibers wait for what comes on one descriptor, one of which may leave at
// its deadline while an event is on its way to it. The kernel tells each change once, and what is there when it is
// asked to look again.

#include <foreign_settling.hpp>

#include <readiness_word.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

using net::detail::direction;
using net::detail::link_place;
using net::detail::settle;
using net::detail::unlink_place;
using net::detail::waiter_id;

struct complete {
  static constexpr bool k_has_kernel_look = true;     // N4
  static constexpr bool k_settles_at_the_end = true;  // N6
  static constexpr bool k_tells_late = false;         // not a mutant: the poller is slow after N4
};
struct slow_poller : complete {
  static constexpr bool k_tells_late = true;
};
struct without_a_look : complete {
  static constexpr bool k_has_kernel_look = false;
};
struct just_leaves : complete {
  static constexpr bool k_settles_at_the_end = false;
};

constexpr unsigned k_fibers = 2;

struct place_of_one {
  unsigned who = 0;
  std::uint64_t generation = 0;
  std::uint32_t seen[2] = {0, 0};
  place_of_one* next = nullptr;
  place_of_one* prev = nullptr;
  bool is_queued = false;
};
bool wants(const place_of_one&, direction d) { return d == direction::read; }
waiter_id id_of(const place_of_one& place) { return {place.who + 1u, place.generation}; }

template <class Mutation>
struct record_of_one {
  using word_type = net::detail::readiness_word<model_env<Mutation>>;
  record_of_one() {
    for (word_type& each : words) each.reset(false);
  }
  word_type& word(direction d) { return words[static_cast<std::size_t>(d)]; }

  word_type words[2];
  std::uint32_t events[2] = {0, 0};
  place_of_one* standing[2] = {nullptr, nullptr};
  place_of_one* head = nullptr;
  place_of_one* tail = nullptr;
};

// As many bytes come as there are fibers that wait for one for ever.
template <class Mutation, class Steps = complete, bool HasDeadline = false>
struct one_descriptor : rl::test_suite<one_descriptor<Mutation, Steps, HasDeadline>, k_fibers + 1> {
  void thread(unsigned index) {
    if (index != k_fibers) return read(index, HasDeadline && index == 0);
    for (unsigned i = HasDeadline ? 1 : 0; i != k_fibers; ++i) {
      {
        const guard held(kernel_);
        ++bytes_;
      }
      tell();
    }
  }

 private:
  void read(unsigned me, bool has_deadline) {
    for (;;) {
      // One that has a deadline only looks, and leaves the byte to the other.
      if (has_deadline ? is_there() : take()) return;  // N1
      place_of_one place;
      place.who = me;
      place.generation = ++generations_[me];
      armed_[me].store(place.generation, order::release);
      join(place);  // N2 to N5
      const bool was_woken = park(me, place.generation, has_deadline);
      part(place);  // N6
      if (!was_woken) return;
    }
  }

  void join(place_of_one& place) {
    bool won[k_fibers] = {};
    bool late = false;
    {
      const guard held(slot_);
      settle(record_, claiming(won));
      link_place(record_, place);
      late = Steps::k_has_kernel_look && is_there();
      if (late && !Steps::k_tells_late) tell();
      settle(record_, claiming(won));
    }
    unpark(won);
    if (late && Steps::k_tells_late) tell();
  }

  void part(place_of_one& place) {
    bool won[k_fibers] = {};
    {
      const guard held(slot_);
      (void)unlink_place(record_, place);
      if (Steps::k_settles_at_the_end) settle(record_, claiming(won));
    }
    unpark(won);
  }

  auto claiming(bool (&won)[k_fibers]) {
    return [this, &won](place_of_one& place) {
      (void)unlink_place(record_, place);
      won[place.who] |= claim(place.who, place.generation);
    };
  }
  void unpark(const bool (&won)[k_fibers]) {
    for (unsigned i = 0; i != k_fibers; ++i)
      if (won[i]) bells_[i].ring();
  }

  // The poller: T1 to T4 of "Readiness".
  void tell() {
    const waiter_id id = record_.word(direction::read).set_ready(false);
    if (id.who != 0 && claim(static_cast<unsigned>(id.who - 1), id.generation)) bells_[id.who - 1].ring();
  }

  bool take() {
    const guard held(kernel_);
    return bytes_ != 0 && bytes_-- != 0;
  }
  bool is_there() {
    const guard held(kernel_);
    return bytes_ != 0;
  }

  bool park(unsigned me, std::uint64_t generation, bool has_deadline) {
    if (!has_deadline) return bells_[me].wait(), true;
    if (bells_[me].wait_a_while()) return true;
    if (claim(me, generation)) return false;
    bells_[me].wait();
    return true;
  }
  bool claim(unsigned who, std::uint64_t generation) {
    return armed_[who].compare_exchange_strong(generation, 0, order::acq_rel, order::relaxed);
  }

  lock kernel_, slot_;
  unsigned bytes_ = 0;  // guarded by kernel_
  record_of_one<Mutation> record_;
  std::uint64_t generations_[k_fibers] = {};
  atomic<std::uint64_t, Mutation> armed_[k_fibers];
  bell bells_[k_fibers];
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  search s(argc, argv);
  s.must_pass<one_descriptor<faithful>>("two fibers wait for a byte each", 150'000);
  s.must_pass<one_descriptor<faithful, slow_poller>>("the poller tells late", 150'000);
  s.must_pass<one_descriptor<faithful, complete, true>>("one may leave", 150'000);
  s.must_fail<one_descriptor<faithful, without_a_look>>("the kernel is not asked to look again", 100'000);
  s.must_fail<one_descriptor<faithful, just_leaves, true>>("who leaves does not settle", 100'000);
  return s.exit_code();
}
