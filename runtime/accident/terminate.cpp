// Room: runtime. See terminate.hpp and detail/check.hpp.

#include "terminate.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include <weft/runtime/detail/check.hpp>
#include <weft/runtime/spawn.hpp>

#include "describe.hpp"
#include "exception_text.hpp"
#include "fiber_block.hpp"
#include "this_worker.hpp"

namespace weft::detail {

namespace {

std::terminate_handler chained = nullptr;

// An exception that its fiber left behind, and that fiber, if it is not the one in which the process ends.
struct unseen_exception {
  const fiber_block* of = nullptr;
  std::exception_ptr thrown;
};
constinit std::mutex g_unseen_lock;
std::vector<unseen_exception>& all_unseen() {
  static auto* const all = new std::vector<unseen_exception>;  // never destroyed
  return *all;
}

const fiber_block* fiber_that_threw(const std::exception_ptr& thrown) {
  const std::scoped_lock lock(g_unseen_lock);
  for (const unseen_exception& each : all_unseen())
    if (each.thrown == thrown) return each.of;
  return this_fiber_block();
}

// A cancellation ends a process only there, and there is something to be done about it.
std::string with_remedy(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const cancelled&) {
    return text_of(thrown) +
           " in a destructor or another noexcept function that waits; hold a weft::shield_guard there, or wait in "
           "weft::shield (cancellation.hpp)";
  } catch (...) {
    return text_of(thrown);
  }
}

std::string in_words(const check_value& value) {
  if (value.text() != nullptr) return value.text();
  return (value.is_negative() ? "-" : "") + std::to_string(value.magnitude());
}

[[noreturn]] void name_fiber_and_terminate() noexcept {
  const std::exception_ptr thrown = std::current_exception();
  if (const fiber_block* const fiber = fiber_that_threw(thrown)) {
    const std::string what = thrown ? "an exception ended " : "std::terminate was called in ";
    std::fprintf(stderr, "weft: %s%s%s%s\n", what.c_str(), describe(*fiber).c_str(), thrown ? ": " : "",
                 thrown ? with_remedy(thrown).c_str() : "");
  }
  if (chained != nullptr) chained();
  std::abort();
}

}  // namespace

void terminate_unseen(const void* storage, const std::exception_ptr& thrown) noexcept {
  fiber_slab().for_each([&](const fiber_block& each) {
    if (each.storage.data() != storage) return;
    const std::scoped_lock lock(g_unseen_lock);
    all_unseen().push_back({&each, thrown});
  });
  std::rethrow_exception(thrown);  // out of a function that is noexcept
}

void name_fibers_on_terminate() noexcept {
  static const bool installed = (chained = std::set_terminate(name_fiber_and_terminate), true);
  (void)installed;
}

void check_failed(const char* condition, const char* file, int line, const char* what,
                  std::initializer_list<check_value> values) noexcept {
  const fiber_block* const fiber = this_fiber_block();
  const std::string who = fiber != nullptr ? describe(*fiber) : "a plain thread";
  std::string told = what;
  if (values.size() != 0) told += ':';
  for (const check_value& value : values) told += ' ' + in_words(value);
  std::fprintf(stderr, "weft: check failed: %s (%s) at %s:%d, on %s\n", told.c_str(), condition, file, line,
               who.c_str());
  std::abort();
}

}  // namespace weft::detail
