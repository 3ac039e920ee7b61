/* A program of this processor is begun with a library of it loaded first (LD_PRELOAD), and nobody says a word about that.
 * Tests: held_locks.* */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char** words) {
  int ends[2], status = 1;
  char byte, *again[] = {words[0], "again", 0};
  Dl_info libc;
  if (count > 1) return 0;
  if (pipe(ends) != 0 || dladdr((void*)atoi, &libc) == 0) return 2;
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 2);
    setenv("LD_PRELOAD", libc.dli_fname, 1);
    _exit(execv("/proc/self/exe", again));
  }
  close(ends[1]);
  return read(ends[0], &byte, 1) != 0 || waitpid(child, &status, 0) != child || status != 0;
}
