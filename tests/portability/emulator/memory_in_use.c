/* What a process has in memory is what it has touched, and no more than a tenth beside it: here one page in 64.
 * Tests: many_fibers_death_test.* */
#include <stdio.h>
#include <sys/mman.h>

static long pages_in_use(void) {
  long all = 0, resident = 0;
  FILE* statm = fopen("/proc/self/statm", "r");
  if (!statm || fscanf(statm, "%ld %ld", &all, &resident) != 2) return -1;
  fclose(statm);
  return resident;
}

int main(void) {
  const long touched = 1 << 14, stride = 64 * 4096, before = pages_in_use();
  char* at = mmap(0, touched * stride, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED || madvise(at, touched * stride, MADV_NOHUGEPAGE) != 0) return 2;
  for (long i = 0; i < touched; ++i) at[i * stride] = 1;
  return pages_in_use() - before > touched + touched / 10;
}
