// Room: netpoll. The twin of foreign_table.cpp and foreign_wait.cpp where there is no epoll: nobody can wait for a
// descriptor by its number alone, so that one which is closed, or begins to be watched, has nobody to tell.

#include <weft/netpoll/detail/foreign_wait.hpp>

#include "foreign_table.hpp"

namespace weft::net::detail {

void close_foreign(int) noexcept {}
void forget_foreign(int) noexcept {}
void close_foreign_range(unsigned, unsigned) noexcept {}
void forget_foreign_range(unsigned, unsigned) noexcept {}
void forget_foreign_of(const void*) noexcept {}

}  // namespace weft::net::detail
