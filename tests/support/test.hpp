#pragma once

// The one door to Catch2. Its assertions are not thread-safe: collect results
// in the tasks, check them on the test's own thread.
#include <catch2/catch.hpp>
