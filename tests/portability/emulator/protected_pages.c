/* mincore tells which pages of a range are in memory, though one of them is protected against all access.
 * Tests: runtime.a_snapshot_says_how_deep_a_stack_was_used* stack_pool.the_deepest_of_those_in_use* */
#define _GNU_SOURCE
#include <sys/mman.h>

int main(void) {
  unsigned char pages[2];
  char* at = mmap(0, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED || mprotect(at, 4096, PROT_NONE) != 0) return 2;
  return mincore(at, 2 * 4096, pages) != 0;
}
