// A node that is there to be killed: `kill_node --port N`. It publishes one of
// each kind, takes from the node at port N what that has, waits there for
// everything else, and says "port N" with its own port.

#include "programs/everything.hpp"
#include "programs/fault_settings.hpp"

using namespace troupe;

namespace {

coro<void> live(settings given) {
  node_options options;
  options.name = "victim";
  options.port = 0;
  options.plain_text = true;
  node here = co_await node::start(options);
  everything mine{here};
  peer there = co_await here.connect("127.0.0.1:" + given.text("port"));
  auto held = co_await visit_all(there);
  say("port " + std::to_string(here.port()));
  while (co_await next_command())
    ;
}

} // namespace

int main(int argc, char** argv) {
  try {
    run(live(settings{argc, argv, 1}));
  } catch (const std::exception& problem) {
    std::cerr << "kill_node: " << problem.what() << '\n';
    return 1;
  }
}
