// std_shim, interpose. See keys.hpp. Whether a key is of fibers is one word for each key: a look at it is all that the
// other keys pay.

#include "keys.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <dlfcn.h>

#include <weft/runtime/detail/local_value.hpp>
#include <weft/runtime/park.hpp>

#include "exports.hpp"
#include "fiber_thread.hpp"
#include "ground.hpp"

namespace weft::interpose {

namespace {

// Written by who creates or deletes the key, as libc has it: whoever uses it meanwhile has a race of his own.
struct key_state {
  std::atomic<std::uint32_t> turn{0};  // 0: the thread's, or free; else which creation of this number it is
  std::atomic<void (*)(void*)> destructor{nullptr};
};

constinit std::array<key_state, PTHREAD_KEYS_MAX> g_keys{};
constinit std::atomic<std::uint32_t> g_turns{0};

// --- The values of a fiber: few, and so a list.

struct key_value {
  pthread_key_t key;
  std::uint32_t turn;
  void* value;
};

void destroy_values(detail::local_value* gone) noexcept;
constexpr detail::local_type k_values{&destroy_values, nullptr};

struct fiber_values : detail::local_value {
  explicit fiber_values(std::uint64_t k) : local_value{&k_values, k} {}
  std::vector<key_value> all;
};

std::uint64_t local_key() noexcept {
  static const std::uint64_t key = detail::take_local_key();
  return key;
}

fiber_values* find_values() noexcept { return static_cast<fiber_values*>(detail::find_local(local_key())); }

bool is_alive(const key_value& held) noexcept {
  // acquire: pairs with the release of create_key.
  return g_keys[held.key].turn.load(std::memory_order_acquire) == held.turn;
}

void call_destructors(std::vector<key_value>& values) noexcept {
  for (key_value& each : values) {
    if (each.value == nullptr || !is_alive(each)) continue;
    // relaxed: after the acquire of is_alive.
    auto* const destructor = g_keys[each.key].destructor.load(std::memory_order_relaxed);
    if (destructor != nullptr) destructor(std::exchange(each.value, nullptr));
  }
}

// A destructor may set values again, its own too: they stand in a new list, and so many turns it gets, as in libc.
void destroy_values(detail::local_value* gone) noexcept {
  auto* const mine = static_cast<fiber_values*>(gone);
  for (int turn = 0; turn < PTHREAD_DESTRUCTOR_ITERATIONS && !mine->all.empty(); ++turn) {
    call_destructors(mine->all);
    mine->all.clear();
    if (fiber_values* const fresh = find_values()) mine->all.swap(fresh->all);
  }
  delete mine;
}

key_value* find(fiber_values& of, pthread_key_t key, std::uint32_t turn) noexcept {
  for (key_value& each : of.all)
    if (each.key == key && each.turn == turn) return &each;
  return nullptr;
}

// --- Whose keys.

bool begins_one_of(std::string_view names, std::string_view file) noexcept {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    if (end != 0 && file.substr(0, end) == names.substr(0, end)) return true;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

bool creates_keys_of_fibers(const void* caller) noexcept {
  if (threads_are_fibers()) return !is_ours(caller);
  Dl_info info{};
  if (::dladdr(caller, &info) == 0 || info.dli_fname == nullptr) return false;
  const char* const slash = std::strrchr(info.dli_fname, '/');
  const std::string_view file = slash != nullptr ? slash + 1 : info.dli_fname;
  const char* const more = std::getenv("WEFT_INTERPOSE_KEYS");
  return begins_one_of("libcrypto.,libssl.,libgnutls.,libkrb5support.", file) ||
         (more != nullptr && begins_one_of(more, file));
}

// 0 where the thread has the value.
std::uint32_t turn_on_this_fiber(pthread_key_t key) noexcept {
  if (key >= g_keys.size()) return 0;
  // acquire: pairs with the release of create_key.
  const std::uint32_t turn = g_keys[key].turn.load(std::memory_order_acquire);
  return turn != 0 && detail::on_fiber() && !is_forked_child() ? turn : 0;
}

}  // namespace

int create_key(pthread_key_t* key, void (*destructor)(void*), const void* caller) noexcept {
  const int outcome = real().pthread_key_create(key, destructor);
  if (outcome != 0 || *key >= g_keys.size() || !creates_keys_of_fibers(caller)) return outcome;
  key_state& state = g_keys[*key];
  state.destructor.store(destructor, std::memory_order_relaxed);  // relaxed: published by the next line
  // relaxed: numbers that differ.
  const std::uint32_t turn = g_turns.fetch_add(1, std::memory_order_relaxed) + 1;
  state.turn.store(turn, std::memory_order_release);  // release: publishes the destructor; pairs with is_alive
  return 0;
}

int delete_key(pthread_key_t key) noexcept {
  // relaxed: who deletes a key sees to it that nobody uses it.
  if (key < g_keys.size()) g_keys[key].turn.store(0, std::memory_order_relaxed);
  return real().pthread_key_delete(key);
}

void* value_of_key(pthread_key_t key) noexcept {
  const std::uint32_t turn = turn_on_this_fiber(key);
  if (turn == 0) [[likely]]
    return real().pthread_getspecific(key);
  fiber_values* const mine = find_values();
  const key_value* const held = mine != nullptr ? find(*mine, key, turn) : nullptr;
  return held != nullptr ? held->value : nullptr;
}

int set_value_of_key(pthread_key_t key, const void* value) noexcept {
  const std::uint32_t turn = turn_on_this_fiber(key);
  if (turn == 0) return real().pthread_setspecific(key, value);
  try {
    fiber_values* mine = find_values();
    if (mine == nullptr) {
      auto fresh = std::make_unique<fiber_values>(local_key());
      detail::add_local(fresh.get());
      mine = fresh.release();
    }
    if (key_value* const held = find(*mine, key, turn))
      held->value = const_cast<void*>(value);
    else
      mine->all.push_back({key, turn, const_cast<void*>(value)});
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

}  // namespace weft::interpose

using namespace weft::interpose;

namespace {
int as_c11(int error) noexcept { return error == 0 ? thrd_success : error == ENOMEM ? thrd_nomem : thrd_error; }
}  // namespace

WEFT_TAKES int pthread_key_create(pthread_key_t* key, void (*destructor)(void*)) noexcept {
  return create_key(key, destructor, WEFT_CALLER);
}
WEFT_TAKES int pthread_key_delete(pthread_key_t key) noexcept { return delete_key(key); }
WEFT_TAKES void* pthread_getspecific(pthread_key_t key) noexcept { return value_of_key(key); }
// Under another name of ours: libc's declaration says that the value is not looked through, which g++ takes for one
// that nobody has set.
WEFT_TAKES int weft_interpose_setspecific(pthread_key_t key, const void* value) noexcept __asm__("pthread_setspecific");
int weft_interpose_setspecific(pthread_key_t key, const void* value) noexcept { return set_value_of_key(key, value); }
WEFT_ALSO(__pthread_key_create, pthread_key_create);
WEFT_ALSO(__pthread_getspecific, pthread_getspecific);
WEFT_ALSO(__pthread_setspecific, pthread_setspecific);

WEFT_TAKES int tss_create(tss_t* key, tss_dtor_t destructor) {
  static_assert(sizeof(tss_t) == sizeof(pthread_key_t));
  return as_c11(create_key(reinterpret_cast<pthread_key_t*>(key), destructor, WEFT_CALLER));
}
WEFT_TAKES void tss_delete(tss_t key) { (void)delete_key(key); }
WEFT_TAKES void* tss_get(tss_t key) { return value_of_key(key); }
WEFT_TAKES int tss_set(tss_t key, void* value) { return as_c11(set_value_of_key(key, value)); }
