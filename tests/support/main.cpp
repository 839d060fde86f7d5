// Catch2's main. Catch2 would put handlers on SIGINT and others; the tests of
// Ctrl-C need the system's defaults, as a program has them.

#define CATCH_CONFIG_MAIN
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#include <catch2/catch.hpp>
