// Room: runtime. See held_locks.hpp.

#include "held_locks.hpp"

#include <array>
#include <cstdio>
#include <string>

#include <dlfcn.h>
#include <unwind.h>

#include "describe.hpp"
#include "symbols.hpp"

// For the library weft_held_locks, which finds it by its name: whether this build asks at all.
extern "C" [[gnu::visibility("default")]] const bool weft_asks_for_held_locks;
const bool weft_asks_for_held_locks = weft::detail::k_looks_for_held_locks;

namespace weft::detail {

namespace {

// Says where a lock was taken that the calling thread holds and that nobody has asked for yet. False: there is none.
using take_held_lock = bool (*)(const void** taken_at);

take_held_lock find() noexcept {
  static const auto found = reinterpret_cast<take_held_lock>(::dlsym(RTLD_DEFAULT, "weft_take_held_lock"));
  return found;
}

// The return addresses of the caller and of who called it, innermost first.
struct trace {
  std::array<const void*, 32> frames;
  std::size_t count = 0;

  trace() noexcept { _Unwind_Backtrace(&note, this); }

 private:
  static _Unwind_Reason_Code note(_Unwind_Context* context, void* to) noexcept {
    trace& t = *static_cast<trace*>(to);
    const auto address = reinterpret_cast<const void*>(_Unwind_GetIP(context));
    if (address == nullptr || t.count == t.frames.size()) return _URC_END_OF_STACK;
    t.frames[t.count++] = address;
    return _URC_NO_REASON;
  }
};

std::string text_of(const fiber_block& fiber, const void* taken_at) {
  const char* const what = fiber.waits_for;
  std::string text = "weft: " + describe(fiber) + (what != nullptr ? std::string(" parks (") + what + ")" : " yields") +
                     " while its thread holds a std::mutex, or another lock of pthreads, taken at " +
                     describe_return_address(taken_at) +
                     ": unlock it first, or use weft::mutex, which belongs to the fiber. It leaves from\n";
  const trace left_from;
  for (std::size_t i = 0; i < left_from.count; ++i)
    text += "    " + describe_return_address(left_from.frames[i]) + "\n";
  return text;
}

}  // namespace

void look_for_held_locks(const fiber_block& leaving) noexcept {
  const take_held_lock take = find();
  if (take == nullptr) return;
  const void* taken_at = nullptr;
  while (take(&taken_at)) std::fputs(text_of(leaving, taken_at).c_str(), stderr);
}

}  // namespace weft::detail
