#pragma once
// Room: runtime. The language that weft's headers are written in. Public headers that include no other of weft's, and
// the umbrella, include this one before everything else, so that a compiler in an older mode says this and not what it
// cannot read. tests/lint/lint_standard.py asks it of all.

// 201709L is what g++ 10 calls C++20.
#if __cplusplus < 201709L
#error "weft needs C++20, and this compilation has an older standard: compile with -std=c++20 or newer"
#endif
