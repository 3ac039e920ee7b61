/* A program begins another of its own processor, as here itself.
 * Tests: *death_test* quit.* stack_overflow.* terminate.* check.* end_of_a_runtime.* inheritance.* simulate_refuses.* deadlock.*
 *   simulate.another_process* simulate.the_process_seed* filling_in.says_why* children/after_fork.* process_ends.* */
#include <unistd.h>

int main(int count, char** words) {
  char* again[] = {words[0], "again", 0};
  return count == 1 ? execv("/proc/self/exe", again) != 0 : 0;
}
