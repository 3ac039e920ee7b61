// Room: netpoll. See lookup_flight.hpp.

#include "lookup_flight.hpp"

#include <exception>
#include <memory>
#include <new>
#include <unordered_map>
#include <utility>

#include <weft/netpoll/errc.hpp>
#include <weft/runtime/cancellation.hpp>
#include <weft/runtime/detail/abandonable_call.hpp>
#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/own_thread.hpp>
#include <weft/runtime/detail/wait_list.hpp>
#include <weft/runtime/park.hpp>

#include "lookup_calls.hpp"
#include "lookup_turns.hpp"

namespace weft::net::detail {

using weft::detail::internal_guard;
using weft::detail::wake_reason;

namespace {

// A question that is under way, or about to be. The answer is written by its lookup, under the lock of all, before
// those who read it are woken; whoever leads writes down since when it is asked.
struct flight {
  flight(std::string h, std::string s) : host(std::move(h)), service(std::move(s)), name(host + '\0' + service) {}

  const std::string host, service, name;
  deadline asked_at;
  lookup_answer answer;
  std::exception_ptr thrown;
  weft::detail::wait_list waiting;
};

struct flights {
  weft::detail::internal_lock lock;
  std::unordered_map<std::string, std::shared_ptr<flight>> under_way WEFT_GUARDED_BY(lock);
  kept_answers kept WEFT_GUARDED_BY(lock);
};

// Never destroyed: lookups that were abandoned may answer after everything else has ended.
flights& all_flights() {
  static flights& the_ones = *new flights;
  return the_ones;
}

// L1 to L3. It owns all that the resolver reads and writes, for who asked may be gone when it answers. Each asker has
// one from the start, so that no memory is needed by who is to lead.
class lookup final : public weft::detail::abandonable_call {
 public:
  ~lookup() override {
    if (has_turn_) turns_of_lookups.leave();
    if (flight_ != nullptr && !has_run_) hand_over();
  }

  // From here on the flight is this lookup's to end.
  void lead(std::shared_ptr<flight> of) noexcept { flight_ = std::move(of); }

  [[nodiscard]] bool await_turn(deadline until) { return has_turn_ = turns_of_lookups.enter(until); }

  void run() noexcept override {
    has_run_ = true;
    lookup_answer answer;
    std::exception_ptr thrown;
    try {
      answer.addresses = look_up(flight_->host, flight_->service, answer.error);
    } catch (...) {
      thrown = std::current_exception();
    }
    turns_of_lookups.leave();
    has_turn_ = false;
    tell(std::move(answer), std::move(thrown));
  }

 private:
  void tell(lookup_answer answer, std::exception_ptr thrown) noexcept {
    weft::detail::won_chain told;
    flights& all = all_flights();
    const internal_guard guard(all.lock);
    flight_->answer = std::move(answer);
    flight_->thrown = std::move(thrown);
    if (flight_->thrown == nullptr) keep(all);
    all.under_way.erase(flight_->name);
    told.take_all(flight_->waiting, wake_reason::ready);
  }

  void keep(flights& all) noexcept WEFT_REQUIRES(all.lock) {
    try {
      all.kept.keep(flight_->name, flight_->answer, flight_->asked_at);
    } catch (const std::bad_alloc&) {  // it is told, and not kept
    }
  }

  void hand_over() noexcept {
    weft::detail::claimed next;
    {
      flights& all = all_flights();
      const internal_guard guard(all.lock);
      if (flight_->waiting.claim_front(wake_reason::handed, next) == nullptr) all.under_way.erase(flight_->name);
    }
    if (next) weft::detail::unpark(next);
  }

  std::shared_ptr<flight> flight_;  // null: leads none
  bool has_turn_ = false;
  bool has_run_ = false;
};

std::error_code too_late() noexcept { return std::make_error_code(std::errc::timed_out); }

lookup_answer answer_of(const flight& of) {
  if (of.thrown != nullptr) std::rethrow_exception(of.thrown);
  return of.answer;
}

// S3. Whatever comes of it, the lookup's end tells the others, or lets the next one lead.
lookup_answer lead(std::unique_ptr<lookup> mine, flight& of, deadline until) {
  weft::detail::cancellation_point();  // of who was made to lead: handed, and asked to end
  if (weft::detail::is_full_of_abandoned_calls()) return {{}, errc::resolver_stuck};
  of.asked_at = weft::detail::now();
  if (!mine->await_turn(until)) return {{}, too_late()};
  if (weft::detail::run_abandonable(std::move(mine), until, "name lookup") == nullptr) return {{}, too_late()};
  return answer_of(of);
}

// S5. The waiter was not claimed by a lookup, so that it is still on the list.
void leave_flight(flight& of, weft::detail::wait_node& node) noexcept {
  const internal_guard guard(all_flights().lock);
  of.waiting.remove(node);
}

// S1 to S3: null if there is a kept answer; the flight that is on the table, with the node among those who wait; or the
// fresh one, which `mine` leads.
std::shared_ptr<flight> look_around(const std::shared_ptr<flight>& fresh, lookup& mine, weft::detail::wait_node& node,
                                    lookup_answer& answer) {
  flights& all = all_flights();
  const internal_guard guard(all.lock);
  if (const lookup_answer* kept = all.kept.find(fresh->name, weft::detail::now())) {
    answer = *kept;
    return nullptr;
  }
  if (const auto there = all.under_way.find(fresh->name); there != all.under_way.end()) {
    node.token = weft::detail::arm(weft::detail::cancellation::honoured);
    there->second->waiting.push_back(node);
    return there->second;
  }
  all.under_way.emplace(fresh->name, fresh);
  mine.lead(fresh);
  return fresh;
}

}  // namespace

lookup_answer shared_lookup(const std::string& host, const std::string& service, deadline until) {
  weft::detail::cancellation_point();
  // Also of one that was given up, whose answer or place is waited for: nobody else tells of it.
  const weft::detail::outside_call counted;
  const auto fresh = std::make_shared<flight>(host, service);
  auto mine = std::make_unique<lookup>();
  weft::detail::wait_node node;
  lookup_answer answer;
  const std::shared_ptr<flight> joined = look_around(fresh, *mine, node, answer);
  if (joined == nullptr) return answer;
  if (joined == fresh) return lead(std::move(mine), *fresh, until);
  const wake_reason reason = weft::detail::park(node.token, until, "name lookup");
  if (reason == wake_reason::ready) return answer_of(*joined);
  if (reason == wake_reason::handed) {
    mine->lead(joined);
    return lead(std::move(mine), *joined, until);
  }
  leave_flight(*joined, node);
  if (reason == wake_reason::cancelled) weft::detail::throw_cancelled();
  return {{}, too_late()};
}

void set_kept_answers(const resolver_options& options) {
  flights& all = all_flights();
  const internal_guard guard(all.lock);
  all.kept.set(options);
}

}  // namespace weft::net::detail
