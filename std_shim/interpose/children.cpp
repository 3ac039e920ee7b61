// std_shim, interpose: child processes.
//
// vfork is fork here, as POSIX has it: a child that borrows the parent's memory would wake the parent's fibers with its
// close and dup2.

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_mask.hpp"
#include "exports.hpp"
#include "gate.hpp"

using namespace weft::interpose;
namespace posix = weft::posix;

namespace {

pid_t wait_for(taken which, const void* caller, pid_t pid, int* status, int options, rusage* used) {
  return pass(which, caller, posix::wait4, real().wait4, pid, status, options, used);
}

}  // namespace

WEFT_TAKES pid_t wait(int* status) { return wait_for(taken::wait, WEFT_CALLER, -1, status, 0, nullptr); }
WEFT_TAKES pid_t waitpid(pid_t pid, int* status, int options) {
  return wait_for(taken::waitpid, WEFT_CALLER, pid, status, options, nullptr);
}
WEFT_TAKES pid_t wait3(int* status, int options, rusage* used) noexcept {
  return wait_for(taken::wait3, WEFT_CALLER, -1, status, options, used);
}
WEFT_TAKES pid_t wait4(pid_t pid, int* status, int options, rusage* used) noexcept {
  return wait_for(taken::wait4, WEFT_CALLER, pid, status, options, used);
}
WEFT_TAKES int waitid(idtype_t kind, id_t id, siginfo_t* what, int options) {
  return pass(taken::waitid, WEFT_CALLER, posix::waitid, real().waitid, kind, id, what, options);
}
WEFT_ALSO(__wait, wait);
WEFT_ALSO(__waitpid, waitpid);

WEFT_TAKES int system(const char* command) {
  const sigset_t* const mask = mask_for_children();
  const auto call = [mask](const char* line) { return with_mask(mask, [line] { return real().system(line); }); };
  return pass_to_helper(taken::system, WEFT_CALLER, call, command);
}
WEFT_TAKES FILE* popen(const char* command, const char* mode) {
  const sigset_t* const mask = mask_for_children();
  const auto call = [mask](const char* line, const char* how) {
    return with_mask(mask, [line, how] { return real().popen(line, how); });
  };
  return pass_to_helper(taken::popen, WEFT_CALLER, call, command, mode);
}
WEFT_TAKES int posix_spawn(pid_t* child, const char* path, const posix_spawn_file_actions_t* files,
                           const posix_spawnattr_t* how, char* const words[], char* const environment[]) {
  return with_mask(is_ours(WEFT_CALLER) ? nullptr : mask_for_children(),
                   [&] { return real().posix_spawn(child, path, files, how, words, environment); });
}
WEFT_TAKES int posix_spawnp(pid_t* child, const char* file, const posix_spawn_file_actions_t* files,
                            const posix_spawnattr_t* how, char* const words[], char* const environment[]) {
  return with_mask(is_ours(WEFT_CALLER) ? nullptr : mask_for_children(),
                   [&] { return real().posix_spawnp(child, file, files, how, words, environment); });
}
WEFT_TAKES int pclose(FILE* stream) { return pass(taken::pclose, WEFT_CALLER, posix::pclose, real().pclose, stream); }

WEFT_TAKES pid_t vfork() noexcept { return ::fork(); }
