#pragma once
// Room: netpoll. A wait for any of several descriptors, which the calling fiber alone knows: for dial, which tries
// several addresses side by side. A descriptor that others know is waited for by direction_use.hpp.
//
// "Any of several": the user's side of "Readiness" (readiness_word.hpp), in several words by one token.
//   A1 arm one token
//   A2 begin_wait in each word, one after the other (U4); at one that is ready, or closing, no further
//   A3 all have begun: park until the time is over; else disarm, or park to meet whoever has won by a word of A2
//   A4 end_wait in each that had begun (U6)
// - Takers of several words may read the same token. One wins it; the others fail, now and later, for a token is good
//   for one wait. What their events tell is in the words, and A2 of the next wait stops at it.
// - To each word this is a user like any other, the only one, whose wait ends before the next begins: so the word's own
//   argument that an id is never torn holds.
// Model: tests/model/any_ready_model.cpp.

#include <span>

#include <weft/runtime/deadline.hpp>
#include <weft/runtime/park.hpp>

#include "descriptor_block.hpp"

namespace weft::net::detail {

// Parks until one of them is ready in this direction, or closing, or until then: the caller looks which. The caller is
// the only one who uses these descriptors. Throws weft::cancelled. `label` is for dumps, a string literal.
void await_any_ready(std::span<descriptor_block* const> blocks, direction d, deadline until,
                     weft::detail::wait_label label);

}  // namespace weft::net::detail
