// Room: runtime. See terminate.hpp and detail/check.hpp.

#include "terminate.hpp"

#include <weft/runtime/detail/check.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <dlfcn.h>

#include "fiber_block.hpp"
#include "this_worker.hpp"

namespace weft::detail {

namespace {

std::terminate_handler chained = nullptr;

std::string symbol_of(const void* address) {
  Dl_info info{};
  std::array<char, 32> number;
  std::snprintf(number.data(), number.size(), "%p", address);
  if (::dladdr(address, &info) == 0 || info.dli_sname == nullptr) return number.data();
  return std::string(info.dli_sname) + " (" + number.data() + ")";
}

std::string text_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return e.what();
  } catch (const cancelled& c) {
    return c.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

[[noreturn]] void name_fiber_and_terminate() noexcept {
  if (const fiber_block* const fiber = this_fiber_block()) {
    const std::exception_ptr thrown = std::current_exception();
    const std::string what = thrown ? "an exception ended " : "std::terminate was called in ";
    std::fprintf(stderr, "weft: %s%s%s%s\n", what.c_str(), describe(*fiber).c_str(), thrown ? ": " : "",
                 thrown ? text_of(thrown).c_str() : "");
  }
  if (chained != nullptr) chained();
  std::abort();
}

}  // namespace

std::string describe(const fiber_block& fiber) {
  std::string text = "fiber #" + std::to_string(fiber.id.load(std::memory_order_relaxed));  // relaxed: a hint
  if (fiber.name[0] != '\0') text += " '" + std::string(fiber.name.data()) + "'";
  if (const std::string site = site_of(fiber); !site.empty()) text += ", spawned at " + site;
  return text;
}

std::string site_of(const fiber_block& fiber) {
  if (fiber.site.file != nullptr) return std::string(fiber.site.file) + ":" + std::to_string(fiber.site.line);
  return fiber.site.address != nullptr ? symbol_of(fiber.site.address) : "";
}

void name_fibers_on_terminate() noexcept {
  static const bool installed = (chained = std::set_terminate(name_fiber_and_terminate), true);
  (void)installed;
}

void check_failed(const char* condition, const char* what, const char* file, int line,
                  const std::string& values) noexcept {
  const fiber_block* const fiber = this_fiber_block();
  const std::string who = fiber != nullptr ? describe(*fiber) : "a plain thread";
  std::fprintf(stderr, "weft: check failed: %s%s%s (%s) at %s:%d, on %s\n", what, values.empty() ? "" : ":",
               values.c_str(), condition, file, line, who.c_str());
  std::abort();
}

}  // namespace weft::detail
