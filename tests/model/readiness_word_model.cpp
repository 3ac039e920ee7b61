// Room: tests. Model of readiness_word.hpp, "Readiness": no event, no close and no moved deadline is lost,
// and a taker never wakes by a torn id. The descriptor is a count of bytes with relaxed accesses, so that the word
// alone hands over what an event tells of. Three threads: the user of the direction, and two of poller, closer,
// deadline mover.

#include <readiness_word.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

using net::detail::waiter_id;

// --- Steps left out or exchanged.

struct complete {
  static constexpr bool k_heeds_failed_clear = true;         // U3
  static constexpr bool k_loads_deadline_after_wait = true;  // U4 before U5
};
struct clears_whatever_came : complete {
  static constexpr bool k_heeds_failed_clear = false;
};
struct loads_deadline_first : complete {
  static constexpr bool k_loads_deadline_after_wait = false;
};

enum class ended { read, closed, timed_out };

constexpr std::int64_t k_past = 1;

// --- The world of a model: one direction of a descriptor, and a user who sleeps on a bell.

template <class Env, class Steps>
class world {
 public:
  using word_type = net::detail::readiness_word<Env>;
  using begun = typename word_type::begun;

  world() { word_.reset(true); }

  // --- The user.

  // Reads one byte, waiting for it.
  ended read() {
    for (;;) {
      const auto seen = word_.prepare();
      if (word_type::is_closing(seen)) return ended::closed;
      if (word_type::is_ready(seen)) {
        if (take_byte()) return ended::read;
        clear(seen);
      } else if (wait_for_event() == ended::timed_out) {
        return ended::timed_out;
      }
    }
  }

  // Finds the descriptor without a byte.
  void drain() { (void)word_.clear(word_.prepare()); }

  // A wait that ends by itself at once, as by a cancellation, unless a taker wins it.
  void wait_in_vain() {
    const std::uint64_t generation = arm();
    if (word_.begin_wait({who_of(generation), generation}) == begun::waiting) {
      if (!claim(generation)) bell_.wait();
      word_.end_wait();
    } else if (!claim(generation)) {
      bell_.wait();
    }
  }

  // --- Takers.

  void deliver_byte() {
    bytes_.fetch_add(1, order::relaxed);
    wake(word_.set_ready(false));
  }
  void deliver_stale_event() { wake(word_.set_ready(true)); }
  void close() { wake(word_.close()); }
  void move_deadline(std::int64_t to) { wake(word_.move_deadline(to)); }

 private:
  void clear(typename word_type::word seen) {
    if (Steps::k_heeds_failed_clear) return (void)word_.clear(seen);
    while (!word_.clear(seen)) seen = word_.prepare();
  }

  // U4 to U6.
  ended wait_for_event() {
    const std::uint64_t generation = arm();
    std::int64_t until = word_.deadline();
    if (word_.begin_wait({who_of(generation), generation}) == begun::waiting) {
      if (Steps::k_loads_deadline_after_wait) until = word_.deadline();
      const bool timed_out = until == k_past && claim(generation);
      if (!timed_out) bell_.wait();
      word_.end_wait();
      if (timed_out) return ended::timed_out;
    } else if (!claim(generation)) {
      bell_.wait();  // as disarm: whoever has won the wait is on its way
    }
    return ended::read;
  }

  // A wait in small: armed with a generation, won by the one who takes it back.
  std::uint64_t arm() {
    ++generation_;
    armed_.store(generation_, order::release);
    return generation_;
  }
  bool claim(std::uint64_t generation) {
    return armed_.compare_exchange_strong(generation, 0, order::acq_rel, order::relaxed);
  }
  static std::uint64_t who_of(std::uint64_t generation) { return 100 + generation; }

  // T4.
  void wake(waiter_id id) {
    if (id.who == 0) return;
    RL_ASSERT(id.who == who_of(id.generation));
    if (claim(id.generation)) bell_.ring();
  }

  bool take_byte() {
    if (bytes_.load(order::relaxed) == 0) return false;
    bytes_.fetch_sub(1, order::relaxed);
    return true;
  }

  word_type word_;
  typename Env::template atomic<std::uint32_t> bytes_;
  atomic<std::uint64_t, faithful> armed_;
  std::uint64_t generation_ = 0;
  bell bell_;
};

// --- Models.

// Two bytes come, and events that bring none.
template <class Env, class Steps = complete>
struct events : rl::test_suite<events<Env, Steps>, 3> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) {
      RL_ASSERT(all.read() == ended::read);
      RL_ASSERT(all.read() == ended::read);
    } else if (index == 1) {
      all.deliver_byte();
      all.deliver_byte();
    } else {
      all.deliver_stale_event();
    }
  }
};

// The descriptor is closed while a byte may come; the user reads on until it is told so.
template <class Env, class Steps = complete>
struct closer : rl::test_suite<closer<Env, Steps>, 3> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) {
      if (all.read() == ended::read) RL_ASSERT(all.read() == ended::closed);
    } else if (index == 1) {
      all.deliver_byte();
    } else {
      all.close();
    }
  }
};

// The deadline is moved, at last into the past, while stale events come: the user's wait ends by it.
template <class Env, class Steps = complete>
struct deadline_mover : rl::test_suite<deadline_mover<Env, Steps>, 3> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) {
      RL_ASSERT(all.read() == ended::timed_out);
    } else if (index == 1) {
      all.move_deadline(k_past + 1);
      all.move_deadline(k_past);
    } else {
      all.deliver_stale_event();
    }
  }
};

// Waits begin and end while two takers look for whom to wake.
template <class Env, class Steps = complete>
struct torn_id : rl::test_suite<torn_id<Env, Steps>, 3> {
  world<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) {
      for (int wait = 0; wait != 3; ++wait) {
        all.drain();
        all.wait_in_vain();
      }
    } else if (index == 1) {
      all.deliver_stale_event();
      all.move_deadline(k_past);
    } else {
      all.move_deadline(k_past);
    }
  }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<events<env>>("two bytes, and events that bring none", 500'000);
  s.must_pass<closer<env>>("a close while a byte may come", 500'000);
  s.must_pass<deadline_mover<env>>("a deadline moved while waits begin and end", 500'000);
  s.must_pass<torn_id<env>>("whom to wake, while waits begin and end", 1'000'000);
  s.must_fail<events<model_env<torn_cas>>>("a word changed without a compare-and-swap", 500'000);
  s.must_fail<events<model_env<no_release>>>("no release: the event hands nothing over", 500'000);
  s.must_fail<events<model_env<no_acquire>>>("no acquire: the event hands nothing over", 500'000);
  s.must_fail<torn_id<model_env<no_release>>>("no release: whom to wake is torn", 500'000);
  s.must_fail<torn_id<model_env<no_acquire>>>("no acquire: whom to wake is torn", 500'000);
  s.must_fail<events<env, clears_whatever_came>>("a clear that ignores what came meanwhile", 500'000);
  s.must_fail<deadline_mover<env, loads_deadline_first>>("the deadline is loaded before the wait begins", 500'000);
  return s.exit_code();
}
