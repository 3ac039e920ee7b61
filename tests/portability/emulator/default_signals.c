/* A program that is begun with default signals ignores none, but for two that are the C library's own.
 * Tests: process.begins_with_default_signals* */
#define _GNU_SOURCE
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int status = 1;
  pid_t child;
  sigset_t all;
  posix_spawnattr_t how;
  char* words[] = {"grep", "-qE", "SigIgn:.0000000(00|18)0000000$", "/proc/self/status", 0};
  sigfillset(&all);
  posix_spawnattr_init(&how);
  posix_spawnattr_setsigdefault(&how, &all);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
  if (posix_spawnp(&child, "grep", 0, &how, words, environ) != 0) return 2;
  return waitpid(child, &status, 0) != child || status != 0;
}
