#pragma once
// Room: netpoll. TCP, all of it: listen, dial, and the streams that both give.

#include <weft/netpoll/dial.hpp>
#include <weft/netpoll/endpoint.hpp>
#include <weft/netpoll/errc.hpp>
#include <weft/netpoll/tcp_listener.hpp>
#include <weft/netpoll/tcp_stream.hpp>
