// Room: netpoll. See kqueue_emulation.hpp. Compiled where it is needed alone.

#include "kqueue_emulation.hpp"

#include <map>

#include <weft/runtime/detail/internal_lock.hpp>
#include <weft/runtime/detail/thread_safety.hpp>

#include "kqueue_calls.hpp"

// Of libkqueue alone, in none of its headers: returns when its thread has closed what we have.
extern "C" void libkqueue_drain_pending_close();

namespace weft::net::detail {

namespace {

// The lock is held while a kqueue is told, so that it is not closed meanwhile: it may take long, and need not be fast.
constinit weft::detail::internal_lock g_lock;
constinit std::map<const void*, int>* g_kqueues WEFT_GUARDED_BY(g_lock) = nullptr;

}  // namespace

void note_kqueue(const void* home, int kqueue) {
  const weft::detail::internal_guard guard(g_lock);
  if (g_kqueues == nullptr) g_kqueues = new std::map<const void*, int>;  // never destroyed
  g_kqueues->emplace(home, kqueue);
}

void close_kqueue(const void* home, int kqueue) noexcept {
  {
    const weft::detail::internal_guard guard(g_lock);
    g_kqueues->erase(home);
  }
  close_descriptor(kqueue);
  await_closed_kqueues();
}

void await_closed_kqueues() noexcept { libkqueue_drain_pending_close(); }

void delete_from_kqueue(const descriptor_block& block) noexcept {
  const weft::detail::internal_guard guard(g_lock);
  if (g_kqueues == nullptr) return;
  // relaxed, both: the caller is the only user.
  const auto mine = g_kqueues->find(block.home.load(std::memory_order_relaxed));
  if (mine != g_kqueues->end()) remove_from_kqueue(mine->second, block.fd.load(std::memory_order_relaxed));
}

}  // namespace weft::net::detail
