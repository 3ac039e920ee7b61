// Room: runtime. See seating.hpp.

#include "seating.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "scheduler.hpp"

namespace weft::detail {

seating::seating(scheduler& home, unsigned seats, std::uint64_t seed)
    : home_(home),
      seats_(seats),
      seed_(seed),
      workers_(std::make_unique<std::unique_ptr<worker>[]>(seats + k_most_spares + k_most_lent)),
      empty_(seats),
      filled_(seats),
      seated_(std::make_unique<std::atomic<worker*>[]>(seats)) {
  threads_.reserve(seats + k_most_spares + k_most_lent);  // nothing of this grows later, under a lock
  spares_.reserve(seats + k_most_spares);
  resting_.reserve(k_most_lent);
}

seating::~seating() = default;

void seating::start() {
  for (unsigned seat = 0; seat < seats_; ++seat) seat_one(seat);
  for (const auto& each : all()) threads_.emplace_back([w = each.get()] { w->run(); });
}

void seating::seat_the_first() { seat_one(0); }

void seating::seat_one(unsigned seat) {
  worker& first = publish(make_worker(worker_role::seated));
  first.take_seat(seat);
  seated_[seat].store(&first, std::memory_order_release);  // release: pairs with in_seat
}

void seating::join() noexcept {
  for (const auto& each : all()) each->wake();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::unique_ptr<worker> seating::make_worker(worker_role role) const {
  // relaxed: as in publish.
  const unsigned index = known_.load(std::memory_order_relaxed);
  // A fiber that asks may have changed its own.
  const float_environment floats = index == 0 ? float_environment::current() : workers_[0]->floats();
  return std::make_unique<worker>(home_, index, seed_, role, floats);
}

worker& seating::publish(std::unique_ptr<worker> fresh) noexcept {
  const unsigned index = known_.load(std::memory_order_relaxed);  // relaxed: the starter, or under making_
  workers_[index] = std::move(fresh);
  known_.store(index + 1, std::memory_order_release);  // release: pairs with all()
  return *workers_[index];
}

// Under making_. With its thread, which may run before it is known to others: it is out.
worker& seating::launch(worker_role role) {
  std::unique_ptr<worker> fresh = make_worker(role);
  threads_.emplace_back([w = fresh.get()] { w->run(); });
  return publish(std::move(fresh));
}

bool seating::fill_in_for(worker& stuck) noexcept {
  worker* const spare = find_spare();
  if (spare == nullptr) return false;
  const unsigned its_seat = stuck.seat();
  if (!stuck.count_out()) {
    add_spare(*spare);
    spare->wake();  // it may have found itself taken: O4
    return false;
  }
  seat(*spare, its_seat);
  return true;
}

bool seating::vacate(worker& running) noexcept {
  const unsigned its_seat = running.seat();
  if (filled_ == 1 || !running.count_out()) return false;
  empty_[its_seat] = true;
  filled_ = filled_ - 1;
  return true;
}

bool seating::fill_one() noexcept {
  const auto first_empty = std::find(empty_.begin(), empty_.end(), true);
  worker* const spare = find_spare();
  if (spare == nullptr) return false;
  *first_empty = false;
  filled_ += 1;
  seat(*spare, static_cast<unsigned>(first_empty - empty_.begin()));
  return true;
}

// I4.
void seating::seat(worker& spare, unsigned seat) noexcept {
  (void)home_.idle.transition_to_searching(home_.idle.k_no_limit);
  seated_[seat].store(&spare, std::memory_order_release);  // release: pairs with in_seat
  spare.take_seat(seat);
  spare.wake();
}

void seating::add_spare(worker& spare) noexcept {
  const internal_guard guard(lock_);
  spares_.push_back(&spare);
}

bool seating::remove_spare(worker& spare) noexcept {
  const internal_guard guard(lock_);
  const auto at = std::find(spares_.begin(), spares_.end(), &spare);
  if (at == spares_.end()) return false;
  spares_.erase(at);
  return true;
}

// I1. Null: there is none.
worker* seating::find_spare() noexcept {
  worker* const spare = take_spare();
  return spare != nullptr ? spare : make_spare();
}

worker* seating::take_spare() noexcept {
  const internal_guard guard(lock_);
  if (spares_.empty()) return nullptr;
  worker* const spare = spares_.back();
  spares_.pop_back();
  return spare;
}

// Null with a message, once, if there may be no more.
worker* seating::make_spare() noexcept {
  const internal_guard guard(making_);
  if (spares_made_ == k_most_spares) {
    warn(seats_ + spares_made_, "there may be no more");
    return nullptr;
  }
  try {
    worker& fresh = launch(worker_role::spare);
    ++spares_made_;
    return &fresh;
  } catch (const std::exception& e) {
    warn(seats_ + spares_made_, e.what());  // in here: what() goes with the exception
    return nullptr;
  }
}

// --- "Lending a thread".

namespace {

[[noreturn]] void throw_no_more_to_lend() {
  throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                          "weft: exclusive_thread: " + std::to_string(seating::k_most_lent) +
                              " fibers of this runtime have a thread of their own already, and no more may have one: "
                              "let one of their guards end first");
}

[[noreturn]] void throw_no_thread(const std::error_code& why, unsigned lent) {
  throw std::system_error(why, "weft: exclusive_thread: the system gives no thread beside the " + std::to_string(lent) +
                                   " that fibers of this runtime have of their own");
}

}  // namespace

worker& seating::lend() {
  if (worker* const rested = take_resting()) return *rested;
  const internal_guard guard(making_);
  if (lent_made_ == k_most_lent) throw_no_more_to_lend();
  try {
    worker& fresh = launch(worker_role::lent);
    ++lent_made_;
    return fresh;
  } catch (const std::system_error& error) {
    throw_no_thread(error.code(), lent_made_);
  }
}

worker* seating::take_resting() noexcept {
  const internal_guard guard(lock_);
  if (resting_.empty()) return nullptr;
  worker* const rested = resting_.back();
  resting_.pop_back();
  rested->keep();
  return rested;
}

void seating::rest(worker& lent) noexcept {
  const internal_guard guard(lock_);
  if (!lent.is_kept()) resting_.push_back(&lent);
}

// Once.
void seating::warn(unsigned threads, const char* why) noexcept {
  if (std::exchange(has_warned_, true)) return;
  std::fprintf(stderr,
               "weft: fibers wait while %u worker thread%s without parking, and no thread can be added (%s); let long "
               "computations yield\n",
               threads, threads == 1 ? " computes" : "s compute", why);
}

}  // namespace weft::detail
