// Room: runtime. See this_worker.hpp.

#include "this_worker.hpp"

#include <atomic>
#include <utility>

#include "context.hpp"
#include "environment.hpp"
#include "fiber_extension.hpp"
#include "helper_call.hpp"
#include "random.hpp"
#include "thread_waiter.hpp"
#include "worker.hpp"

// noipa is gcc's word for "assume nothing about this function"; clang keeps to noinline with a barrier on the result.
#if defined(__clang__)
#define WEFT_TLS_ACCESSOR [[gnu::noinline]]
#else
#define WEFT_TLS_ACCESSOR [[gnu::noinline, gnu::noipa]]
#endif

namespace weft::detail {

namespace {

[[gnu::tls_model("initial-exec")]] thread_local worker* t_worker = nullptr;
[[gnu::tls_model("initial-exec")]] thread_local const helper_call* t_helper_call = nullptr;

struct thread_record {
  thread_waiter* waiter = thread_slab().take();
  std::uint64_t random_state = process_seed() ^ (next_stream() * 0x9e3779b97f4a7c15u);
  fiber_extension* extension = nullptr;
  ~thread_record() {
    if (extension != nullptr) end_thread_extension(extension);
    extension = nullptr;
    thread_slab().give_back(std::exchange(waiter, nullptr));
  }

  static std::uint64_t next_stream() noexcept {
    static std::atomic<std::uint64_t> streams{1};
    return streams.fetch_add(1, std::memory_order_relaxed);  // relaxed: a number of its own for each thread
  }
};

WEFT_TLS_ACCESSOR WEFT_NO_TSAN thread_record& this_thread_record() noexcept {
  static thread_local thread_record record;
  thread_record* r = &record;
  __asm__ __volatile__("" : "+r"(r));
  return *r;
}

}  // namespace

WEFT_TLS_ACCESSOR WEFT_NO_TSAN worker* this_worker() noexcept {
  worker* w = t_worker;
  __asm__ __volatile__("" : "+r"(w));
  return w;
}

WEFT_TLS_ACCESSOR WEFT_NO_TSAN void set_this_worker(worker* w) noexcept { t_worker = w; }

WEFT_TLS_ACCESSOR WEFT_NO_TSAN fiber_block* this_fiber_block() noexcept {
  worker* const w = t_worker;
  fiber_block* fiber = w != nullptr ? w->current() : nullptr;
  __asm__ __volatile__("" : "+r"(fiber));
  return fiber;
}

WEFT_TLS_ACCESSOR WEFT_NO_TSAN const helper_call* this_helper_call() noexcept {
  const helper_call* call = t_helper_call;
  __asm__ __volatile__("" : "+r"(call));
  return call;
}

WEFT_TLS_ACCESSOR WEFT_NO_TSAN void set_this_helper_call(const helper_call* call) noexcept { t_helper_call = call; }

thread_waiter& this_thread_waiter() noexcept {
  thread_record& record = this_thread_record();
  // Used again by the destructor of a thread_local that came before: a block of its own, which nobody gives back.
  if (record.waiter == nullptr) record.waiter = thread_slab().take();
  return *record.waiter;
}

fiber_extension*& this_thread_extension() noexcept { return this_thread_record().extension; }

std::uint64_t random_of_this_thread() noexcept {
  thread_record& r = this_thread_record();
  return split_mix(r.random_state);
}

}  // namespace weft::detail
