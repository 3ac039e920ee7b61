/* RLIMIT_AS bounds what is mapped.
 * Tests: stack_exhaustion.without_address_space* */
#include <sys/mman.h>
#include <sys/resource.h>

int main(void) {
  const struct rlimit little = {1ul << 30, 1ul << 30};
  if (setrlimit(RLIMIT_AS, &little) != 0) return 2;
  return mmap(0, 2ul << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED;
}
