#pragma once
// Room: std_shim. Concurrent calls for one key share one run of a function, as in golang.org/x/sync/singleflight. It
// owns who is under way for which key; what they wait for is a shared_future.
// Next: ticker.hpp.

#include <cstddef>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/functional.hpp>
#include <weft/runtime/detail/memory.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/sync/future.hpp>
#include <weft/sync/mutex.hpp>

#pragma GCC visibility push(default)

namespace weft {

namespace detail {
[[noreturn]] void throw_own_key();
}

//   weft::singleflight<std::string, page> pages;
//   auto [value, shared] = pages.run(url, [url] { return fetch(url); });
//
// The first caller for a key begins a run of its f; those who come for that key until it has ended wait for the same
// result, and their f is dropped. Each gets a copy of the value, and whether it went to more than one; an exception
// goes to each of them.
// f runs in a fiber of its own (named "singleflight"), so that a caller who is cancelled goes at once and takes nothing
// from the others: the run goes on, also if all have gone. So f must own what it uses, as for weft::go. On a plain
// thread, which nobody cancels, the first caller runs f itself. If the fiber of f is cancelled, which only the end of
// its runtime does, all get std::future_error(broken_promise), but weft::cancelled who ends with it.
// forget(key): who comes after it begins a run of his own, though the old one is still under way.
// run() parks and is a cancellation point; forget() may park (for a mutex) and is none. It throws what f threw, what
// weft::go throws, and what copying a key or value throws. Any number of fibers and threads may call at once.
// Destruction: by whoever knows that nobody is calling; runs under way go on without it.
// Misuse: an f that asks for its own key, and would wait for itself, gets
// std::system_error(resource_deadlock_would_occur).
template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
class singleflight {
  static_assert(std::is_object_v<Value> && std::is_copy_constructible_v<Value>,
                "weft::singleflight: each caller gets a copy of the value");

 public:
  struct result {
    Value value;
    bool shared;
  };

  singleflight() : under_way_(std::make_shared<table>()) {}
  singleflight(const singleflight&) = delete;
  singleflight& operator=(const singleflight&) = delete;

  template <class F>
    requires std::is_invocable_r_v < Value, std::decay_t<F>
  & > result run(const Key& key, F&& f, source_site site = source_site::current()) {
    promise<Value> outcome;
    const auto [mine, is_first] = under_way_->join(key, outcome);
    if (is_first) begin<F>(mine, std::move(outcome), std::forward<F>(f), site);
    const shared_future<Value> awaited = mine->outcome;
    const Value& value = awaited.get();
    return {value, mine->callers > 1};
  }

  void forget(const Key& key) { under_way_->forget(key); }

 private:
  struct call {
    Key key;
    shared_future<Value> outcome;
    // Guarded by the table's mutex; constant once the call is off the table.
    std::size_t callers = 1;
    const detail::waiter* runs_on = nullptr;
    std::shared_ptr<call> next = nullptr;  // in its chain
  };

  // The calls under way, by their keys. By hand: <unordered_map> is a twelfth of what weft.hpp takes to compile.
  struct table {
    mutex changing;
    // Guarded by changing.
    std::vector<std::shared_ptr<call>> chains = std::vector<std::shared_ptr<call>>(7);
    std::size_t count = 0;

    // Where the call for the key hangs; empty, at the end of its chain, if there is none.
    std::shared_ptr<call>& place_of(const Key& key) {
      std::shared_ptr<call>* at = &chains[Hash()(key) % chains.size()];
      while (*at != nullptr && !Equal()((*at)->key, key)) at = &(*at)->next;
      return *at;
    }

    // The call for the key, and whether it is new: its outcome is then to come from `outcome`.
    std::pair<std::shared_ptr<call>, bool> join(const Key& key, promise<Value>& outcome) {
      const std::scoped_lock held(changing);
      if (const std::shared_ptr<call>& there = place_of(key); there != nullptr) {
        if (there->runs_on == &detail::this_waiter()) detail::throw_own_key();
        ++there->callers;
        return {there, false};
      }
      if (count == chains.size()) grow();
      const auto fresh = std::make_shared<call>(call{key, outcome.get_future().share()});
      place_of(key) = fresh;
      ++count;
      return {fresh, true};
    }
    void note_running(call& begun) {
      const std::scoped_lock held(changing);
      begun.runs_on = &detail::this_waiter();
    }
    void forget(const Key& key) {
      const std::scoped_lock held(changing);
      take_off(place_of(key));
    }
    void remove(const std::shared_ptr<call>& ended) {
      const std::scoped_lock held(changing);
      std::shared_ptr<call>& at = place_of(ended->key);
      if (at == ended) take_off(at);
    }

    void take_off(std::shared_ptr<call>& at) {
      if (at == nullptr) return;
      at = std::exchange(at->next, nullptr);
      --count;
    }
    void grow() {
      std::vector<std::shared_ptr<call>> old(2 * chains.size() + 1);
      old.swap(chains);
      for (std::shared_ptr<call>& chain : old)
        for (std::shared_ptr<call> each = std::move(chain); each != nullptr;) {
          std::shared_ptr<call> next = std::move(each->next);
          place_of(each->key) = std::move(each);
          each = std::move(next);
        }
    }
  };

  // Runs f, takes the call off the table, and then says what came of it. Destroyed without having run (cancelled before
  // its first turn, no room for a fiber) it does the same, and breaks the promise.
  template <class F>
  class runner {
   public:
    template <class From>
    runner(std::shared_ptr<table> in, std::shared_ptr<call> mine, promise<Value> outcome, From&& f)
        : table_(std::move(in)), mine_(std::move(mine)), outcome_(std::move(outcome)), f_(std::forward<From>(f)) {}
    runner(runner&&) = default;
    ~runner() { remove(); }

    void operator()() {
      table_->note_running(*mine_);
      try {
        Value value = f_();
        remove();
        outcome_.set_value(std::move(value));
      } catch (const cancelled&) {
        throw;
      } catch (...) {
        remove();
        outcome_.set_exception(std::current_exception());
      }
    }

   private:
    void remove() {
      if (mine_ != nullptr) table_->remove(mine_);
      mine_ = nullptr;
    }

    std::shared_ptr<table> table_;
    std::shared_ptr<call> mine_;
    promise<Value> outcome_;
    F f_;
  };

  // The runner takes the call off the table; until it has it, whatever throws does.
  template <class F>
  void begin(const std::shared_ptr<call>& mine, promise<Value> outcome, F&& f, source_site site) {
    try {
      runner<std::decay_t<F>> run(under_way_, mine, std::move(outcome), std::forward<F>(f));
      if (detail::on_fiber())
        go({.name = "singleflight"}, std::move(run), site);
      else
        run();
    } catch (...) {
      under_way_->remove(mine);
      throw;
    }
  }

  std::shared_ptr<table> under_way_;
};

}  // namespace weft

#pragma GCC visibility pop
