#pragma once

// The clocks, durations and literals of <chrono>. libstdc++ gives them with
// <mutex> too, and without the streams that the calendar brings: a quarter of
// what a program that includes our headers would read. Who prints durations or
// uses the calendar includes <chrono>.

#include <version>

#ifdef __GLIBCXX__
#  include <mutex>
#else
#  include <chrono>
#endif
