// Room: tests. A program with an allocator of its own, which closes a file as it begins and is not to be asked again
// meanwhile, as jemalloc is; and whose address of a function of libc's is that of a jump in itself, as in python3. It
// knows nothing of weft: the test (preloaded_test.cpp) runs it under LD_PRELOAD.

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

namespace {

alignas(64) char g_arena[64 << 20];
std::atomic<std::size_t> g_used{0};
std::atomic<int> g_begun{0};  // 1: it begins, 2: it has

void begin() {
  int before = 0;
  if (!g_begun.compare_exchange_strong(before, 1)) {
    if (before == 1) std::_Exit(70);  // asked by what it has called
    return;
  }
  ::syscall(SYS_close, -1);
  ::close(-1);
  g_begun = 2;
}

void* take(std::size_t size, std::size_t alignment) {
  begin();
  const std::size_t room = size + alignment + 16;
  const std::size_t at = g_used.fetch_add(room);
  if (at + room > sizeof g_arena) return nullptr;
  const auto first = reinterpret_cast<std::size_t>(g_arena + at) + 16;
  char* const place = reinterpret_cast<char*>((first + alignment - 1) / alignment * alignment);
  std::memcpy(place - 8, &size, sizeof size);
  return place;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {
void* malloc(std::size_t size) { return take(size, 16); }
void free(void*) {}
void* calloc(std::size_t count, std::size_t size) { return take(count * size, 16); }  // all is new, and zero
void* aligned_alloc(std::size_t alignment, std::size_t size) { return take(size, alignment); }
void* memalign(std::size_t alignment, std::size_t size) { return take(size, alignment); }
int posix_memalign(void** place, std::size_t alignment, std::size_t size) {
  return (*place = take(size, alignment)) != nullptr ? 0 : ENOMEM;
}
void* realloc(void* before, std::size_t size) {
  void* const place = take(size, 16);
  if (before == nullptr || place == nullptr) return place;
  std::size_t had = 0;
  std::memcpy(&had, static_cast<char*>(before) - 8, sizeof had);
  return std::memcpy(place, before, had < size ? had : size);
}
}
#pragma GCC visibility pop

// Its own, as ssh has one.
#pragma GCC visibility push(default)
extern "C" void closefrom(int first) {
  for (int fd = first; fd < 64; ++fd) ::close(fd);
}
#pragma GCC visibility pop

int main() {
  int (*volatile flush)(int) = &::fsync;
  std::thread([&flush] { flush(-1); }).join();
  return g_begun == 2 ? 0 : 1;
}
