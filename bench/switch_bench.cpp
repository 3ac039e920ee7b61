// Room: bench. Two fibers that yield to each other: time is for one switch. The limit is jump_fcontext alone;
// Boost.Fiber is in peers/boost_fiber_switch.cpp. /1 is one worker, /0 all of them.
#include <weft/weft.hpp>

#include <benchmark/benchmark.h>
#include <boost/context/detail/fcontext.hpp>

#include <atomic>
#include <cstddef>
#include <vector>

namespace {

void weft_yield(benchmark::State& state) {
  const auto workers = static_cast<std::size_t>(state.range(0));
  weft::run({.workers = workers}, [&state] {
    std::atomic<bool> ended{false};
    auto partner = weft::spawn([&ended] {
      while (!ended.load(std::memory_order_relaxed)) weft::this_fiber::yield();  // relaxed: the join orders the rest
    });
    for (auto _ : state) weft::this_fiber::yield();
    ended.store(true, std::memory_order_relaxed);  // relaxed: pairs with the partner's loop, which carries nothing else
    partner.join();
  });
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(weft_yield)->Arg(1)->Arg(0)->UseRealTime()->MeasureProcessCPUTime();

namespace context = boost::context::detail;

void jump_back_for_ever(context::transfer_t from) {
  for (;;) from = context::jump_fcontext(from.fctx, nullptr);
}

void jump_fcontext_alone(benchmark::State& state) {
  std::vector<std::byte> stack(64 * 1024);
  context::transfer_t partner{context::make_fcontext(stack.data() + stack.size(), stack.size(), jump_back_for_ever),
                              nullptr};
  for (auto _ : state) partner = context::jump_fcontext(partner.fctx, nullptr);
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(jump_fcontext_alone)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
