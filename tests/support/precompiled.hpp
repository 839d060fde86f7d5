#pragma once

// What nearly every test includes, parsed once. Headers of ours stay out: they
// change, and each change would build all tests again.
#include <catch2/catch.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>
