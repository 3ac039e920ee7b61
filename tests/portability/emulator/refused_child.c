/* posix_spawn tells that there is no such program: its child, by vfork, has the parent's memory.
 * Tests: process.one_that_cannot_begin* */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <unistd.h>

int main(void) {
  pid_t child;
  char* words[] = {"none", 0};
  return posix_spawn(&child, "/there/is/none", 0, 0, words, environ) != ENOENT;
}
