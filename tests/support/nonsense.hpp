#pragma once

#include "actors/nodes/frames.hpp"

#include <string>
#include <vector>

// What no session may go on after, once it is agreed on.
inline std::vector<std::string> nonsense_frames() {
  using troupe::detail::frame;
  using troupe::detail::make_frame;
  std::uint64_t one = 1;
  std::string name = "line";
  return {
    {},
    std::string(1, '\0'),
    std::string(1, '\x7f'),
    std::string(20'000, 'x'),
    make_frame(frame::hello),
    make_frame(frame::welcome),
    make_frame(frame::proof),
    make_frame(frame::ready),
    make_frame(frame::refuse, name),
    make_frame(frame::request),
    make_frame(frame::request, one),
    make_frame(frame::request, one, std::uint32_t{0xffffffff}),
    make_frame(frame::request, one, name),
    make_frame(frame::answer),
    make_frame(frame::answer, one),
    make_frame(frame::cancel),
    make_frame(frame::tell),
    make_frame(frame::tell, name),
    make_frame(frame::undo, std::uint32_t{9}),
    make_frame(frame::release),
    make_frame(frame::bye),
  };
}
