#pragma once
// std_shim, interpose: pthread keys. A key holds a value for each thread; one that belongs to fibers holds a value for
// each fiber, and on a plain thread for the thread, as ever. Which do is told by the library that created it: those
// that keep the state of a call there, which goes on over a wait (OpenSSL's queue of errors, GSSAPI's last), and not
// those that keep what is the thread's (an allocator's cache). At the end of a fiber destructors run as at a thread's.
//
//   WEFT_INTERPOSE_KEYS=libmysqlclient,server     libraries beyond OpenSSL, GnuTLS, Kerberos, or the program, by
//                                                 the beginning of the name of the file that created the key

// Under WEFT_INTERPOSE=main threads are fibers, and so all keys of the program's and its libraries' are of fibers.

#include <pthread.h>

namespace weft::interpose {

int create_key(pthread_key_t* key, void (*destructor)(void*), const void* caller) noexcept;
int delete_key(pthread_key_t key) noexcept;
[[nodiscard]] void* value_of_key(pthread_key_t key) noexcept;
int set_value_of_key(pthread_key_t key, const void* value) noexcept;

}  // namespace weft::interpose
