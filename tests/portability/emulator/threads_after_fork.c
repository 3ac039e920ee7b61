/* The child of a process that has threads begins threads of its own.
 * Tests: children/after_fork.*fork_after_a_run process_ends.a_forked_process_reaps_its_own* */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void* until_it_ends(void* given) {
  pause();
  return given;
}

int main(void) {
  int status = 1;
  pthread_t thread;
  if (pthread_create(&thread, 0, until_it_ends, 0) != 0) return 2;
  const pid_t child = fork();
  if (child == 0) _exit(pthread_create(&thread, 0, until_it_ends, 0) != 0);
  return waitpid(child, &status, 0) != child || status != 0;
}
