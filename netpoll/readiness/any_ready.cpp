// Room: netpoll. See any_ready.hpp.

#include "any_ready.hpp"

#include <cstddef>
#include <cstdint>

#include <weft/runtime/cancellation.hpp>

#include "waiting_count.hpp"

namespace weft::net::detail {

using weft::detail::wait_token;
using weft::detail::wake_reason;

namespace {

// A2. How many have begun.
std::size_t begin_waits(std::span<descriptor_block* const> blocks, direction d, wait_token token) noexcept {
  const waiter_id id{reinterpret_cast<std::uintptr_t>(token.who), token.generation};
  std::size_t begun = 0;
  for (descriptor_block* const each : blocks) {
    if (each->readiness_of(d).begin_wait(id) != readiness::begun::waiting) break;
    waiting_for_readiness.add(each->index());
    ++begun;
  }
  return begun;
}

// A4.
void end_waits(std::span<descriptor_block* const> begun, direction d) noexcept {
  for (descriptor_block* const each : begun) {
    waiting_for_readiness.subtract(each->index());
    each->readiness_of(d).end_wait();
  }
}

}  // namespace

void await_any_ready(std::span<descriptor_block* const> blocks, direction d, deadline until,
                     weft::detail::wait_label label) {
  const wait_token token = weft::detail::arm(weft::detail::cancellation::honoured);
  const std::size_t begun = begin_waits(blocks, d, token);
  auto reason = wake_reason::again;
  if (begun == blocks.size())
    reason = weft::detail::park(token, until, label);
  else if (!weft::detail::disarm(token))
    reason = weft::detail::park(token, deadline::never(), label);
  end_waits(blocks.first(begun), d);
  if (reason == wake_reason::cancelled) weft::detail::throw_cancelled();
}

}  // namespace weft::net::detail
