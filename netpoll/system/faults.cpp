// Room: netpoll. See faults.hpp.

#include "faults.hpp"

namespace weft::net::detail {

constinit std::atomic<bool> faults_are_on{false};

namespace {

// All relaxed: counters, and a plan that is written before faults_are_on is set and matters to tests alone.
constinit std::atomic<std::uint64_t> g_seed{0};
constinit std::atomic<std::uint64_t> g_draws{0};
constinit std::atomic<std::uint32_t> g_rates[k_fault_kinds];
constinit std::atomic<std::uint64_t> g_injected[k_fault_kinds];

// The finaliser of splitmix64: the n-th draw of a seed is the same however threads interleave.
std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::uint64_t next_draw() noexcept {
  // relaxed: a counter.
  const std::uint64_t n = g_draws.fetch_add(1, std::memory_order_relaxed) + 1;
  return mix(g_seed.load(std::memory_order_relaxed) + n * 0x9e3779b97f4a7c15u);
}

}  // namespace

fault_injection::fault_injection(const fault_plan& plan) noexcept {
  const std::uint32_t rates[k_fault_kinds] = {plan.interrupted, plan.short_transfer, plan.reset,      plan.exhausted,
                                              plan.aborted,     plan.unwatched,      plan.old_kernel, plan.refused};
  // relaxed, all: see above.
  g_seed.store(plan.seed, std::memory_order_relaxed);
  g_draws.store(0, std::memory_order_relaxed);
  for (unsigned i = 0; i < k_fault_kinds; ++i) {
    // relaxed: see above.
    g_rates[i].store(rates[i], std::memory_order_relaxed);
    g_injected[i].store(0, std::memory_order_relaxed);
  }
  faults_are_on.store(true, std::memory_order_relaxed);  // relaxed: see faults_are_drawn
}

fault_injection::~fault_injection() {
  faults_are_on.store(false, std::memory_order_relaxed);  // relaxed: see faults_are_drawn
}

std::uint64_t fault_injection::injected(fault kind) const noexcept {
  return g_injected[static_cast<unsigned>(kind)].load(std::memory_order_relaxed);  // relaxed: a counter
}

bool draw_fault(fault kind) noexcept {
  const auto i = static_cast<unsigned>(kind);
  // relaxed: see above.
  const std::uint32_t rate = g_rates[i].load(std::memory_order_relaxed);
  if (rate == 0 || next_draw() % 1024 >= rate) return false;
  g_injected[i].fetch_add(1, std::memory_order_relaxed);  // relaxed: a counter
  return true;
}

std::uint64_t draw_fault_detail() noexcept { return next_draw(); }

}  // namespace weft::net::detail
