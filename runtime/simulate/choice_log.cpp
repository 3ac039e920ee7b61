// Room: runtime. See choice_log.hpp.

#include "choice_log.hpp"

#include <algorithm>
#include <span>

#include "describe.hpp"
#include "fiber_block.hpp"
#include "quantity_text.hpp"
#include "stack_walk.hpp"
#include "symbols.hpp"

namespace weft::detail {

// It is off its stack, and on this thread, which is the only one that would run it.
WEFT_NO_TSAN void choice_log::note(const fiber_block& next) {
  if (most_ == 0 || is_closed_) return;
  if (kept_.size() < most_) kept_.resize(kept_.size() + 1);
  choice& here = kept_[noted_++ % most_];
  (void)next.label.read(here.who);  // nobody changes it
  // relaxed: this thread has written it.
  here.begins = next.life.load(std::memory_order_relaxed) == fiber_life::spawned;
  here.waited_for = next.waits_for;
  here.frame_count = here.begins ? 0 : walk_parked(next.registers, next.on, here.frames);
}

std::string choice_log::in_words() const {
  if (kept_.empty()) return "";
  std::string text = "the last " + count_in_words(kept_.size(), "choice") + " of " + std::to_string(noted_) +
                     ", the latest below; each goes on from the call that is named:\n";
  for (std::uint64_t i = noted_ - kept_.size(); i < noted_; ++i) text += in_words(kept_[i % most_]);
  return text;
}

namespace {

// Where nothing of the user's is to be seen, as an optimiser has put it into ours: who came to the scheduling point.
std::string nearest_of(std::span<const void* const> frames) {
  const auto is_the_switch = [](const void* frame) {
    return function_of(frame).find("let_simulation_choose") != std::string::npos;
  };
  const auto last = std::find_if(frames.rbegin(), frames.rend(), is_the_switch);
  return last != frames.rend() && last != frames.rbegin() ? function_of(*(last - 1)) : "a call";
}

}  // namespace

// `  fiber #2 'one': weft::mutex::lock()+0x59 in ./a, by main::{lambda()#1}::operator()() const+0x4f in ./a`.
std::string choice_log::in_words(const choice& of) {
  std::string line = "  " + name_of(of.who) + ": ";
  if (of.begins) return line + "begins\n";
  const void* const* const end = of.frames.data() + of.frame_count;
  const void* const* const user =
      std::find_if(of.frames.data(), end, [](const void* frame) { return whose_code(frame) == code_of::user; });
  const void* called = nullptr;
  for (const void* const* frame = of.frames.data(); frame != user; ++frame)
    if (whose_code(*frame) == code_of::weft) called = *frame;
  if (called != nullptr)
    line += function_of(called);
  else
    line += of.waited_for != nullptr ? of.waited_for : nearest_of({of.frames.data(), of.frame_count});
  if (user != end) line += ", by " + describe_return_address(*user);
  return line + "\n";
}

}  // namespace weft::detail
