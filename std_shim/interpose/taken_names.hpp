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
  ONE(pthread_once) /* once.cpp */                            \
  ONE(syscall)      /* futex_call.cpp */                      \
  ONE(mtx_lock)     /* c11.cpp */                             \
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

#define WEFT_TAKEN_NAMES(ONE, ALIAS) WEFT_TAKEN_LOCKS(ONE, ALIAS)
