/* A process has the threads that it began, and no others: who may still wake a fiber is counted by them.
 * Tests: deadlock.* process_ends.a_child_that_was_let_go_hides_no_deadlock */
#include <dirent.h>

int main(void) {
  int threads = 0;
  DIR* all = opendir("/proc/self/task");
  for (struct dirent* each; all && (each = readdir(all));) threads += each->d_name[0] != '.';
  return threads != 1;
}
