// std_shim, interpose. See ground.hpp.

#include "ground.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <csignal>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>

#include <weft/runtime/park.hpp>

#include "report.hpp"

namespace weft::interpose {

namespace {

struct image {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  [[nodiscard]] bool has(std::uintptr_t address) const noexcept { return address >= begin && address < end; }
};

// Written by survey(), before there is a second thread or a fiber.
image g_weft;
image g_this;
image g_allocator;
bool g_apart = false;
bool g_is_child = false;  // of a fork; written there, by its only thread
std::array<const pthread_mutex_t*, 8> g_loader_locks{};
std::size_t g_loader_lock_count = 0;

[[gnu::tls_model("initial-exec")]] thread_local constinit int t_once_routines = 0;
[[gnu::tls_model("initial-exec")]] thread_local constinit int t_waits_of_ours = 0;

// Not for the race detector, as errno (last_error.hpp).
__attribute__((noinline, no_sanitize("thread"))) int once_routines(int change) noexcept {
  return t_once_routines += change;
}

__attribute__((noinline, no_sanitize("thread"))) int waits_of_ours(int change) noexcept {
  return t_waits_of_ours += change;
}

std::uintptr_t number(const void* address) noexcept { return reinterpret_cast<std::uintptr_t>(address); }

struct search {
  std::uintptr_t inside;
  image found;
  bool is_program = false;
};

int match(dl_phdr_info* info, std::size_t, void* wanted) noexcept {
  auto& look = *static_cast<search*>(wanted);
  image all{UINTPTR_MAX, 0};
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type != PT_LOAD) continue;
    all.begin = std::min(all.begin, info->dlpi_addr + part.p_vaddr);
    all.end = std::max(all.end, info->dlpi_addr + part.p_vaddr + part.p_memsz);
  }
  if (!all.has(look.inside)) return 0;
  look.found = all;
  look.is_program = info->dlpi_name == nullptr || info->dlpi_name[0] == '\0';
  return 1;
}

search image_of(const void* address) noexcept {
  search look{number(address), {}, false};
  ::dl_iterate_phdr(&match, &look);
  return look;
}

// glibc keeps them in _rtld_global, whose layout is its own affair; but each of them is a recursive mutex, which is
// free now, and looks like nothing else.
void find_loader_locks() noexcept {
  void* const global = ::dlsym(RTLD_DEFAULT, "_rtld_global");
  Dl_info info;
  const ElfW(Sym)* symbol = nullptr;
  if (global == nullptr ||
      ::dladdr1(global, &info, reinterpret_cast<void**>(const_cast<ElfW(Sym)**>(&symbol)), RTLD_DL_SYMENT) == 0 ||
      symbol == nullptr)
    return;
  const auto* const bytes = static_cast<const std::byte*>(global);
  const pthread_mutex_t model = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
  for (std::size_t at = 0; at + sizeof model <= symbol->st_size; at += alignof(pthread_mutex_t)) {
    if (!std::equal(bytes + at, bytes + at + sizeof model, reinterpret_cast<const std::byte*>(&model))) continue;
    if (g_loader_lock_count == g_loader_locks.size()) return;
    g_loader_locks[g_loader_lock_count++] = reinterpret_cast<const pthread_mutex_t*>(bytes + at);
  }
}

// Not libc's own, and not one that is linked into the program, whose range is the program's.
void find_allocator() noexcept {
  void* const allocate = ::dlsym(RTLD_DEFAULT, "malloc");
  const search used = image_of(allocate);
  if (!used.is_program && !used.found.has(number(reinterpret_cast<const void*>(real().read)))) g_allocator = used.found;
}

bool has_loader_lock(int thread) noexcept {
  return std::any_of(g_loader_locks.begin(), g_loader_locks.begin() + g_loader_lock_count,
                     [thread](const pthread_mutex_t* lock) {
                       return __atomic_load_n(&lock->__data.__owner, __ATOMIC_RELAXED) == thread;
                     });
}

// A fiber may run code on a stack of its own (coroutines); only a handler's is one that the kernel knows.
bool is_on_handler_stack(const detail::foreign_caller& who) noexcept {
  const std::uintptr_t here = number(__builtin_frame_address(0));
  if (here >= who.stack_bottom && here < who.stack_top) return false;
  stack_t now{};
  return ::sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_ONSTACK) != 0;
}

ground find_ground(const detail::foreign_caller& who, const void* caller) noexcept {
  if (who.fiber == 0 || g_is_child) return ground::no_fiber;
  if (is_ours(caller) || waits_of_ours(0) != 0) return ground::ours;
  if (once_routines(0) != 0) return ground::once;
  if (has_loader_lock(who.thread)) return ground::loader;
  return is_on_handler_stack(who) ? ground::handler : ground::may_park;
}

}  // namespace

bool is_forked_child() noexcept { return g_is_child; }

bool is_ours(const void* code) noexcept {
  return g_weft.has(number(code)) || g_this.has(number(code)) || g_allocator.has(number(code));
}

ground look_around(taken which, const void* caller) noexcept {
  const ground found = find_ground(detail::this_foreign_caller(), caller);
  if (found > ground::ours && reports()) note(which, caller, found);
  return found;
}

void note_cannot(taken which, const void* caller) noexcept {
  if (reports() && detail::on_fiber() && !is_ours(caller)) note(which, caller, ground::cannot);
}

once_routine::once_routine() noexcept { once_routines(1); }
once_routine::~once_routine() { once_routines(-1); }

wait_of_ours::wait_of_ours() noexcept { waits_of_ours(1); }
wait_of_ours::~wait_of_ours() { waits_of_ours(-1); }

bool weft_is_apart() noexcept { return g_apart; }
bool is_the_weft_we_know(const void* code) noexcept { return g_weft.has(number(code)); }

bool survey() noexcept {
  const search weft = image_of(reinterpret_cast<const void*>(&detail::this_foreign_caller));
  g_weft = weft.found;
  g_apart = !weft.is_program;
  // Linked into the program, this library's range would be the program's.
  const search self = image_of(reinterpret_cast<const void*>(&survey));
  if (!self.is_program) g_this = self.found;
  find_allocator();
  ::pthread_atfork(nullptr, nullptr, [] { g_is_child = true; });
  find_loader_locks();
  return g_loader_lock_count != 0;
}

}  // namespace weft::interpose
