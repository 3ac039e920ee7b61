#pragma once
// Room: netpoll. Lookups of one name share one question to the resolver, and what it answered may be kept.
//
// "Sharing", all for one name; the table of flights and the kept answers have one lock.
//   asker                                                lookup, on a thread of its own (or gone before it began)
//   S1 under the lock: a kept answer: take it            L1 ask the resolver; answer or not, under the lock: the
//   S2 a flight is on the table: join those who wait,       answer is the flight's, and kept; the flight leaves the
//      unlock, park                                         table
//   S3 else put one there, and lead it: wait for a turn  L2 claim all who wait, `ready`; unlock, unpark
//      ("Queueing"), give the lookup to a thread, park   L3 gone before it began (its leader went: late, cancelled,
//   S4 ready: the answer is in the flight                   without a thread): under the lock claim the first who
//   S5 late, or cancelled: under the lock, no longer        waits, `handed`: he leads on from S3. Nobody: the flight
//      wait                                                 leaves the table
//   S6 handed: S3, with the same flight
// - A flight on the table has a lookup: L1 or L3 comes, for both are the lookup's own end, which nobody can forget (its
//   destructor). So nobody who joins waits for nothing.
// - Who leads and goes takes nothing from the others: a lookup that has begun goes on without him.
// - Who comes after L1 finds no flight, and asks anew: an answer never is older than the call that began its lookup,
//   but by what resolver_options allow.
// Next: lookup_turns.hpp, resolve.cpp.

#include <string>

#include <weft/netpoll/resolve.hpp>
#include <weft/runtime/deadline.hpp>

#include "kept_answers.hpp"

namespace weft::net::detail {

// Inside a fiber; parks, until then at most (std::errc::timed_out). Throws weft::cancelled; std::system_error if there
// is no thread to look it up on; what the lookup itself threw.
[[nodiscard]] lookup_answer shared_lookup(const std::string& host, const std::string& service, deadline until);

void set_kept_answers(const resolver_options& options);

}  // namespace weft::net::detail
