// What a user writes first. All three projects build it.

#include <troupe/troupe.hpp>

#include <cstdio>

troupe::coro<int> answer() {
  co_return 42;
}

troupe::coro<int> main_() {
  co_return co_await answer();
}

int main() {
  int result = troupe::run(main_());
  std::printf("%d\n", result);
  return result == 42 ? 0 : 1;
}
