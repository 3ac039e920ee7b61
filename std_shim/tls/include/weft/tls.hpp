#pragma once
// Room: tls. TLS on fibers, over OpenSSL 3, in a library of its own: pkg-config weft-tls. weft.hpp does not bring it.
// Begin with tls/stream.hpp.

#include <weft/tls/context.hpp>
#include <weft/tls/errc.hpp>
#include <weft/tls/stream.hpp>
