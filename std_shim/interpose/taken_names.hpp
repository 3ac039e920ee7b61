#pragma once
// std_shim, interpose: the names of libc that are taken over, as one list. From it are made what is exported (each is
// defined in the file that stands beside it), the table of libc's own (real_functions.hpp), the check at the start that
// each name comes to us (start.cpp), and the report (report.hpp).
//
// ONE(name): libc's own is called. ALIAS(alias, name): another name of the same function, exported by libc as well.

#define WEFT_TAKEN_LOCKS(ONE, ALIAS)                          \
  ONE(pthread_mutex_lock) /* mutex.cpp */                     \
  ONE(pthread_mutex_trylock)                                  \
  ONE(pthread_mutex_timedlock)                                \
  ONE(pthread_mutex_clocklock)                                \
  ONE(pthread_mutex_unlock)                                   \
  ONE(pthread_cond_wait) /* condition.cpp */                  \
  ONE(pthread_cond_timedwait)                                 \
  ONE(pthread_cond_clockwait)                                 \
  ONE(pthread_cond_signal)                                    \
  ONE(pthread_cond_broadcast)                                 \
  ONE(pthread_rwlock_rdlock) /* shared_lock.cpp */            \
  ONE(pthread_rwlock_tryrdlock)                               \
  ONE(pthread_rwlock_timedrdlock)                             \
  ONE(pthread_rwlock_clockrdlock)                             \
  ONE(pthread_rwlock_wrlock)                                  \
  ONE(pthread_rwlock_trywrlock)                               \
  ONE(pthread_rwlock_timedwrlock)                             \
  ONE(pthread_rwlock_clockwrlock)                             \
  ONE(pthread_rwlock_unlock)                                  \
  ONE(sem_wait) /* semaphore.cpp */                           \
  ONE(sem_timedwait)                                          \
  ONE(sem_clockwait)                                          \
  ONE(sem_post)                                               \
  ONE(pthread_once)        /* once.cpp */                     \
  ONE(syscall)             /* futex_call.cpp */               \
  ONE(__cxa_guard_acquire) /* guards.cpp */                   \
  ONE(mtx_lock)            /* c11.cpp */                      \
  ONE(mtx_trylock)                                            \
  ONE(mtx_timedlock)                                          \
  ONE(mtx_unlock)                                             \
  ONE(cnd_wait)                                               \
  ONE(cnd_timedwait)                                          \
  ONE(cnd_signal)                                             \
  ONE(cnd_broadcast)                                          \
  ONE(call_once)                                              \
  ALIAS(__pthread_mutex_lock, pthread_mutex_lock)             \
  ALIAS(__pthread_mutex_trylock, pthread_mutex_trylock)       \
  ALIAS(__pthread_mutex_unlock, pthread_mutex_unlock)         \
  ALIAS(__pthread_rwlock_rdlock, pthread_rwlock_rdlock)       \
  ALIAS(__pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock) \
  ALIAS(__pthread_rwlock_wrlock, pthread_rwlock_wrlock)       \
  ALIAS(__pthread_rwlock_trywrlock, pthread_rwlock_trywrlock) \
  ALIAS(__pthread_rwlock_unlock, pthread_rwlock_unlock)       \
  ALIAS(__pthread_once, pthread_once)

// clang-format off
#define WEFT_TAKEN_CALLS(ONE, ALIAS)                                                                                  \
  ONE(read) ONE(write) ONE(readv) ONE(writev) /* bytes.cpp */                                                         \
  ONE(pread) ONE(pwrite) ONE(preadv) ONE(pwritev) ONE(preadv2) ONE(pwritev2) ONE(sendfile) ONE(splice)                \
  ONE(fsync) ONE(fdatasync) ONE(syncfs) ONE(tcdrain) ONE(__read_chk) ONE(__pread_chk)                                 \
  ALIAS(__read, read) ALIAS(__write, write) ALIAS(pread64, pread) ALIAS(pwrite64, pwrite) ALIAS(__pread64, pread)     \
  ALIAS(__pwrite64, pwrite) ALIAS(preadv64, preadv) ALIAS(pwritev64, pwritev) ALIAS(preadv64v2, preadv2)              \
  ALIAS(pwritev64v2, pwritev2) ALIAS(sendfile64, sendfile) ALIAS(__pread64_chk, __pread_chk)                          \
  ONE(recv) ONE(recvfrom) ONE(recvmsg) ONE(recvmmsg) ONE(send) ONE(sendto) ONE(sendmsg) ONE(sendmmsg) /* messages */  \
  ONE(accept) ONE(accept4) ONE(connect) ONE(__recv_chk) ONE(__recvfrom_chk)                                           \
  ALIAS(__send, send) ALIAS(__connect, connect)                                                                       \
  ONE(poll) ONE(ppoll) ONE(select) ONE(pselect) ONE(epoll_wait) ONE(epoll_pwait) ONE(epoll_pwait2) /* polling.cpp */  \
  ONE(__poll_chk) ONE(__ppoll_chk) ALIAS(__poll, poll) ALIAS(__select, select)                                        \
  ONE(nanosleep) ONE(clock_nanosleep) ONE(usleep) ONE(sleep) ONE(thrd_sleep) /* sleeping.cpp */                       \
  ONE(sigwait) ONE(sigwaitinfo) ONE(sigtimedwait) ALIAS(__nanosleep, nanosleep)                                       \
  ONE(getaddrinfo) ONE(getnameinfo) ONE(gethostbyname) ONE(gethostbyname2) ONE(gethostbyaddr) /* lookups.cpp */       \
  ONE(gethostbyname_r) ONE(gethostbyname2_r) ONE(gethostbyaddr_r) ONE(getservbyname) ONE(getservbyport)               \
  ONE(getservbyname_r) ONE(getservbyport_r) ONE(res_query) ONE(res_search) ONE(res_querydomain) ONE(res_send)         \
  ONE(res_nquery) ONE(res_nsearch) ONE(res_nquerydomain) ONE(res_nsend)                                               \
  ALIAS(__res_query, res_query) ALIAS(__res_search, res_search) ALIAS(__res_querydomain, res_querydomain)             \
  ALIAS(__res_send, res_send) ALIAS(__res_nquery, res_nquery) ALIAS(__res_nsearch, res_nsearch)                       \
  ALIAS(__res_nquerydomain, res_nquerydomain) ALIAS(__res_nsend, res_nsend)                                           \
  ONE(wait) ONE(waitpid) ONE(wait3) ONE(wait4) ONE(waitid) ONE(system) ONE(popen) ONE(pclose) ONE(vfork)              \
  ONE(posix_spawn) ONE(posix_spawnp) ONE(execve) ONE(execv) ONE(execvp) ONE(execvpe) ONE(fexecve) ONE(execl)          \
  ONE(execlp) ONE(execle) /* becoming.cpp */                                                                          \
  ALIAS(__wait, wait) ALIAS(__waitpid, waitpid) /* children.cpp */                                                    \
  ONE(close) ONE(dup2) ONE(dup3) ONE(close_range) ONE(closefrom) ONE(fcntl) ONE(flock) ONE(lockf) /* numbers.cpp */   \
  ALIAS(__close, close) ALIAS(__dup2, dup2) ALIAS(fcntl64, fcntl) ALIAS(__fcntl, fcntl) ALIAS(lockf64, lockf)

#define WEFT_TAKEN_THREADS(ONE, ALIAS)                                                                                \
  ONE(pthread_barrier_wait) /* barrier.cpp */                                                                         \
  ONE(pthread_join) ONE(pthread_tryjoin_np) ONE(pthread_timedjoin_np) ONE(pthread_clockjoin_np) ONE(thrd_join)        \
  ONE(pthread_key_create) ONE(pthread_key_delete) ONE(pthread_getspecific) ONE(pthread_setspecific) /* keys.cpp */    \
  ONE(tss_create) ONE(tss_delete) ONE(tss_get) ONE(tss_set)                                                           \
  ALIAS(__pthread_key_create, pthread_key_create) ALIAS(__pthread_getspecific, pthread_getspecific)                   \
  ALIAS(__pthread_setspecific, pthread_setspecific)                                                                   \
  ONE(sched_yield) ONE(thrd_yield) /* sleeping.cpp */                                                                 \
  ONE(pthread_create) ONE(thrd_create) ONE(pthread_detach) ONE(thrd_detach) ONE(pthread_self) ONE(thrd_current)       \
  ONE(pthread_exit) ONE(thrd_exit) /* threads.cpp */                                                                  \
  ONE(pthread_getname_np) ONE(pthread_setname_np) ONE(pthread_getattr_np) ONE(pthread_kill) ONE(pthread_sigqueue)     \
  ONE(pthread_cancel) ONE(pthread_getschedparam) ONE(pthread_getaffinity_np) ONE(pthread_setschedparam)               \
  ONE(pthread_setschedprio) ONE(pthread_setaffinity_np) ONE(pthread_getcpuclockid) /* thread_properties.cpp */        \
  ONE(__libc_start_main) ONE(pthread_sigmask) ONE(sigprocmask) ONE(sigpending) ONE(pause) ONE(sigsuspend)             \
  ALIAS(__sigsuspend, sigsuspend) /* main_thread.cpp */
// clang-format on

#define WEFT_TAKEN_NAMES(ONE, ALIAS) \
  WEFT_TAKEN_LOCKS(ONE, ALIAS)       \
  WEFT_TAKEN_CALLS(ONE, ALIAS)       \
  WEFT_TAKEN_THREADS(ONE, ALIAS)
