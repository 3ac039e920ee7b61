#pragma once
// Room: tests. A function that counts how often it was copied and moved on its way to where it is called. std makes one
// of what it is given, and calls that; a move more, to where it runs, is allowed.

#include <gtest/gtest.h>

namespace weft::testing {

struct counted_function {
  struct counts {
    int copies = 0, moves = 0, calls = 0;
  };
  counts* seen;

  explicit counted_function(counts& all) noexcept : seen(&all) {}
  counted_function(const counted_function& from) noexcept : seen(from.seen) { ++seen->copies; }
  counted_function(counted_function&& from) noexcept : seen(from.seen) { ++seen->moves; }
  ~counted_function() = default;
  void operator=(const counted_function&) = delete;

  void operator()() const { ++seen->calls; }
  void operator()(const counted_function&) const { ++seen->calls; }
};

// `call(f)`, and `call(f, argument)` where it is given two, runs them elsewhere and returns once they have run.
template <class Call>
void expect_one_copy_alone(Call call) {
  counted_function::counts function, argument, gone;
  const counted_function f(function), with(argument);
  call(f, with);
  EXPECT_EQ(function.calls, 1);
  EXPECT_EQ(function.copies, 1);
  EXPECT_LE(function.moves, 1);
  EXPECT_EQ(argument.copies, 1);
  EXPECT_LE(argument.moves, 1);
  call(counted_function(gone));
  EXPECT_EQ(gone.calls, 1);
  EXPECT_EQ(gone.copies, 0);
  EXPECT_LE(gone.moves, 2);
}

}  // namespace weft::testing
