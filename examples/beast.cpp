// What of Boost.Beast and Asio is no template, compiled once for all programs here that use them (both call it separate
// compilation): http.cpp and crawl.cpp hold what is theirs.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
