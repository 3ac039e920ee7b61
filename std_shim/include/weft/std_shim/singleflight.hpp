#pragma once
// Room: std_shim. Concurrent calls for one key share one run of a function, as in golang.org/x/sync/singleflight. It
// owns who is under way for which key; what they wait for is a shared_future.
// Next: ticker.hpp.

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/spawn.hpp>
#include <weft/sync/future.hpp>
#include <weft/sync/mutex.hpp>

namespace weft {

//   weft::singleflight<std::string, page> pages;
//   auto [value, shared] = pages.run(url, [url] { return fetch(url); });
//
// The first caller for a key begins a run of its f; those who come for that key until it has ended wait for the same
// result, and their f is dropped. Each gets a copy of the value, and whether it went to more than one; an exception
// goes to each of them.
// f runs in a fiber of its own (named "singleflight"), so that a caller who is cancelled goes at once and takes nothing
// from the others: the run goes on, also if all have gone. So f must own what it uses, as for weft::go. On a plain
// thread, which nobody cancels, the first caller runs f itself. If the fiber of f is cancelled, which only the end of
// its runtime does, all get std::future_error(broken_promise).
// forget(key): who comes after it begins a run of his own, though the old one is still under way.
// run() parks and is a cancellation point; forget() may park (for a mutex) and is none. It throws what f threw, what
// weft::go throws, and what copying a key or value throws. Any number of fibers and threads may call at once.
// Destruction: by whoever knows that nobody is calling; runs under way go on without it.
// Misuse: an f that asks for its own key waits for itself.
template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
class singleflight {
  static_assert(std::is_object_v<Value> && std::is_copy_constructible_v<Value>,
                "weft::singleflight: each caller gets a copy of the value");

 public:
  struct result {
    Value value;
    bool shared;
  };

  singleflight() : board_(std::make_shared<board>()) {}
  singleflight(const singleflight&) = delete;
  singleflight& operator=(const singleflight&) = delete;

  template <class F>
    requires std::is_invocable_r_v < Value, std::decay_t<F>
  & > result run(const Key& key, F&& f, source_site site = source_site::current()) {
    promise<Value> kept;
    const auto [mine, is_first] = board_->board_flight(key, kept);
    if (is_first) begin(pilot<std::decay_t<F>>(board_, key, mine, std::move(kept), std::forward<F>(f)), site);
    const shared_future<Value> landed = mine->landed;
    const Value& value = landed.get();
    return {value, mine->passengers > 1};
  }

  void forget(const Key& key) {
    const std::scoped_lock held(board_->changing);
    board_->flights.erase(key);
  }

 private:
  struct flight {
    shared_future<Value> landed;
    std::size_t passengers = 1;  // guarded by the board's mutex while it is on the board, then constant
  };

  struct board {
    mutex changing;
    std::unordered_map<Key, std::shared_ptr<flight>, Hash, Equal> flights;

    std::pair<std::shared_ptr<flight>, bool> board_flight(const Key& key, promise<Value>& kept) {
      const std::scoped_lock held(changing);
      const auto [at, is_first] = flights.try_emplace(key);
      if (is_first)
        take_off(at, kept);
      else
        ++at->second->passengers;
      return {at->second, is_first};
    }
    void land(const Key& key, const std::shared_ptr<flight>& landing) {
      const std::scoped_lock held(changing);
      const auto at = flights.find(key);
      if (at != flights.end() && at->second == landing) flights.erase(at);
    }

   private:
    template <class Place>
    void take_off(Place at, promise<Value>& kept) {
      try {
        at->second = std::make_shared<flight>(flight{kept.get_future().share()});
      } catch (...) {
        flights.erase(at);
        throw;
      }
    }
  };

  // Runs f, takes the flight off the board, and then says what came of it. Destroyed without having run (cancelled
  // before its first turn, no room for a fiber) it lands all the same, and breaks the promise.
  template <class F>
  class pilot {
   public:
    template <class From>
    pilot(std::shared_ptr<board> on, const Key& key, std::shared_ptr<flight> mine, promise<Value> kept, From&& f)
        : board_(std::move(on)), key_(key), mine_(std::move(mine)), kept_(std::move(kept)), f_(std::forward<From>(f)) {}
    pilot(pilot&&) = default;
    ~pilot() {
      if (mine_ != nullptr) board_->land(key_, mine_);
    }

    void operator()() {
      try {
        Value value = f_();
        land();
        kept_.set_value(std::move(value));
      } catch (const cancelled&) {
        throw;
      } catch (...) {
        land();
        kept_.set_exception(std::current_exception());
      }
    }

   private:
    void land() {
      if (mine_ != nullptr) board_->land(key_, mine_);
      mine_ = nullptr;
    }

    std::shared_ptr<board> board_;
    Key key_;
    std::shared_ptr<flight> mine_;
    promise<Value> kept_;
    F f_;
  };

  template <class Pilot>
  static void begin(Pilot pilot, source_site site) {
    if (detail::on_fiber())
      go({.name = "singleflight"}, std::move(pilot), site);
    else
      pilot();
  }

  std::shared_ptr<board> board_;
};

}  // namespace weft
