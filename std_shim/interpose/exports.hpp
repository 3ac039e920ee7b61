#pragma once
// std_shim, interpose: how a name of libc's is defined here. Without a version, which serves every version that a
// program may ask for; seen from outside.

#define WEFT_TAKES extern "C" [[gnu::visibility("default")]]
#define WEFT_ALSO(other, name) extern "C" [[gnu::visibility("default"), gnu::alias(#name)]] decltype(::name) other
#define WEFT_CALLER __builtin_return_address(0)
