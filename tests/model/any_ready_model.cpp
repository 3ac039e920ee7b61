// Room: tests. Model of any_ready.hpp, "Any of several": one token in two readiness words. Whatever comes to either is
// found, and no taker meets a torn id. Each descriptor is a count of bytes with relaxed accesses, as in
// readiness_word_model.cpp. Three threads: who waits for both, and one taker for each descriptor.

#include <readiness_word.hpp>

#include "search.hpp"

namespace weft::model {
namespace {

using net::detail::waiter_id;

// --- Steps left out or exchanged.

struct all_steps {
  static constexpr bool k_stops_at_ready = true;  // A2
  static constexpr bool k_ends_waits = true;      // A4
};
struct parks_beside_a_ready_one : all_steps {
  static constexpr bool k_stops_at_ready = false;
};
struct leaves_its_id : all_steps {
  static constexpr bool k_ends_waits = false;
};

template <class Env, class Steps>
class two_descriptors {
 public:
  using word_type = net::detail::readiness_word<Env>;
  using begun = typename word_type::begun;

  two_descriptors() {
    for (word_type& each : words_) each.reset(false);
  }

  // --- The waiter. Until it has got so many bytes.
  void take(std::uint32_t wanted) {
    while (wanted != 0) {
      const std::uint32_t got = look();
      if (got == 0) await_any();
      wanted -= got;
    }
  }

  // --- A taker.
  void deliver_byte(unsigned to) {
    bytes_[to].fetch_add(1, order::relaxed);
    wake(words_[to].set_ready(false));
  }
  void deliver_stale_event(unsigned to) { wake(words_[to].set_ready(true)); }

 private:
  // What is there, of both.
  std::uint32_t look() {
    std::uint32_t got = 0;
    for (unsigned i = 0; i < 2; ++i) {
      const auto seen = words_[i].prepare();
      if (!word_type::is_ready(seen)) continue;
      const std::uint32_t here = bytes_[i].load(order::relaxed);
      got += here;
      if (here == 0)
        static_cast<void>(words_[i].clear(seen));
      else
        bytes_[i].fetch_sub(here, order::relaxed);
    }
    return got;
  }

  void await_any() {
    const std::uint64_t generation = arm();
    unsigned waiting = 0;
    bool all = true;
    for (; waiting < 2; ++waiting) {
      if (words_[waiting].begin_wait({100 + generation, generation}) == begun::waiting) continue;
      all = false;
      if (Steps::k_stops_at_ready) break;
    }
    if ((all || !Steps::k_stops_at_ready) || !claim(generation)) bell_.wait();
    if (!Steps::k_ends_waits) return;
    for (unsigned i = 0; i < waiting; ++i) words_[i].end_wait();
  }

  std::uint64_t arm() {
    ++generation_;
    armed_.store(generation_, order::release);
    return generation_;
  }
  bool claim(std::uint64_t generation) {
    return armed_.compare_exchange_strong(generation, 0, order::acq_rel, order::relaxed);
  }
  void wake(waiter_id id) {
    if (id.who == 0) return;
    RL_ASSERT(id.who == 100 + id.generation);
    if (claim(id.generation)) bell_.ring();
  }

  word_type words_[2];
  typename Env::template atomic<std::uint32_t> bytes_[2];
  atomic<std::uint64_t, faithful> armed_;
  std::uint64_t generation_ = 0;
  bell bell_;
};

// --- Models.

// Two bytes come to one, and one to the other, after an event that brings none.
template <class Env, class Steps = all_steps>
struct bytes_to_both : rl::test_suite<bytes_to_both<Env, Steps>, 3> {
  two_descriptors<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) {
      all.take(3);
    } else if (index == 1) {
      all.deliver_byte(0);
      all.deliver_byte(0);
    } else {
      all.deliver_stale_event(1);
      all.deliver_byte(1);
    }
  }
};

// Each taker goes to both words, in an order of its own.
template <class Env, class Steps = all_steps>
struct crossing : rl::test_suite<crossing<Env, Steps>, 3> {
  two_descriptors<Env, Steps> all;

  void thread(unsigned index) {
    if (index == 0) {
      all.take(2);
    } else {
      all.deliver_stale_event(index - 1);
      all.deliver_byte(2 - index);
    }
  }
};

}  // namespace
}  // namespace weft::model

int main(int argc, char** argv) {
  using namespace weft::model;
  using env = model_env<faithful>;
  search s(argc, argv);
  s.must_pass<bytes_to_both<env>>("bytes to both of two descriptors", 300'000);
  s.must_pass<crossing<env>>("takers of both words, each in its order", 300'000);
  s.must_fail<bytes_to_both<model_env<torn_cas>>>("a word changed without a compare-and-swap", 300'000);
  s.must_fail<bytes_to_both<model_env<no_release>>>("no release: the event hands nothing over", 300'000);
  s.must_fail<bytes_to_both<model_env<no_acquire>>>("no acquire: the event hands nothing over", 300'000);
  s.must_fail<bytes_to_both<env, parks_beside_a_ready_one>>("a wait that begins though one is ready", 300'000);
  s.must_fail<crossing<env, leaves_its_id>>("a wait that is left in the words", 300'000);
  return s.exit_code();
}
