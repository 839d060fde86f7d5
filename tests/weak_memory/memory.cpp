// Memory: which store a load may read, what it learns by that, and who races.

#include "weak_memory/explorer.hpp"

#include <cstring>
#include <map>

namespace weak {

namespace {

bool acquires(order x) {
  return x == order::acquire || x == order::acq_rel || x == order::seq_cst;
}

bool releases(order x) {
  return x == order::release || x == order::acq_rel || x == order::seq_cst;
}

const char* file_of(place at) {
  const char* slash = std::strrchr(at.file, '/');
  return slash ? slash + 1 : at.file;
}

} // namespace

void explorer::view::join(const view& other) {
  join_seen(other);
  for (std::size_t i = 0; i < clock.size(); ++i)
    clock[i] = std::max(clock[i], other.clock[i]);
}

void explorer::view::join_seen(const view& other) {
  for (std::size_t i = 0; i < seen.size(); ++i)
    seen[i] = std::max(seen[i], other.seen[i]);
}

// -- atomics ------------------------------------------------------------------

// The order in the code, or the mutant's.
order explorer::effective(order how, action what, place at) {
  if (how == order::relaxed || current_ == 0 || current_ == end_)
    return how;
  if (const mutant* one = options_.mutation) {
    const site& x = one->where;
    return x.line == at.line && x.what == what && x.how == how
            && x.file == file_of(at)
           ? one->weaker
           : how;
  }
  auto known = [&](const known_site& x) {
    return x.line == at.line && x.what == what && x.how == how
        && x.file == at.file;
  };
  if (std::none_of(known_.begin(), known_.end(), known)) {
    known_.push_back({at.file, at.line, what, how});
    result_.sites.insert({file_of(at), at.line, what, how, at.function});
  }
  return how;
}

int explorer::new_atomic(word initial) {
  auto id = atomics_.size();
  if (id == most_atomics)
    fail("too many atomics");
  atomics_.push_back({static_cast<int>(current_), me().now.clock[current_]});
  stores_[id].assign(1, {0, initial, {}, false});
  return static_cast<int>(id);
}

void explorer::end_atomic(int id) {
  end_life(atomics_[id], "an atomic");
}

// The oldest store that may be read, and the newest that must come before a
// new one.
float explorer::lowest(int id, order how) {
  float bound = me().now.seen[id];
  return how == order::seq_cst ? std::max(bound, sequential_.seen[id]) : bound;
}

void explorer::read_from(int id, const stored& from, order how) {
  auto& mine = me();
  mine.now.seen[id] = std::max(mine.now.seen[id], from.stamp);
  if (how == order::seq_cst)
    sequential_.seen[id] = std::max(sequential_.seen[id], from.stamp);
  (acquires(how) ? mine.now : mine.pending).join(from.message);
}

// Puts a store behind the one at `after`. `chained`: it is an exchange that
// read that one, and goes on with its release sequence.
void explorer::insert(int id, std::size_t after, word value, order how,
                      bool chained) {
  auto& all = stores_[id];
  auto& mine = me();
  float stamp = after + 1 == all.size()
                ? all[after].stamp + 1
                : (all[after].stamp + all[after + 1].stamp) / 2;
  mine.now.seen[id] = stamp;
  if (how == order::seq_cst)
    sequential_.seen[id] = std::max(sequential_.seen[id], stamp);
  auto& made = *all.insert(
    all.begin() + static_cast<std::ptrdiff_t>(after) + 1,
    stored{stamp, value, releases(how) ? mine.now : mine.published, false});
  made.message.seen[id] = stamp;
  if (chained) {
    made.message.join(all[after].message);
    all[after].taken = true;
  }
  ++mine.now.clock[current_];
}

word explorer::load(int id, order how, place at) {
  step();
  check_alive(atomics_[id], "an atomic");
  how = effective(how, action::load, at);
  auto& all = stores_[id];
  float bound = lowest(id, how);
  std::size_t count = 1;
  while (count < all.size() && all[all.size() - 1 - count].stamp >= bound)
    ++count;
  bool fresh = std::exchange(me().fresh, false) || current_ == 0;
  int older = fresh ? 0 : choose(static_cast<int>(count));
  const stored& from = all[all.size() - 1 - older];
  read_from(id, from, how);
  me().loaded = id;
  me().loaded_stamp = from.stamp;
  note(action::load, id, how, from.value, older, at);
  return from.value;
}

// A store need not become the newest one: its thread may not have seen those
// that are.
void explorer::store(int id, word value, order how, place at) {
  step();
  check_alive(atomics_[id], "an atomic");
  how = effective(how, action::store, at);
  auto& all = stores_[id];
  float bound = lowest(id, how);
  std::vector<int> open;
  for (std::size_t i = all.size(); i-- > 0 && all[i].stamp >= bound;)
    if (!all[i].taken)
      open.push_back(static_cast<int>(i));
  int after = open[choose(static_cast<int>(open.size()))];
  int older = static_cast<int>(all.size()) - 1 - after;
  insert(id, after, value, how, false);
  note(action::store, id, how, value, older, at);
}

// Nor need an exchange find the newest one. If it fails, it is a load.
std::pair<word, bool> explorer::exchange(int id, const change& how, place at) {
  step();
  check_alive(atomics_[id], "an atomic");
  order success = effective(how.success, action::exchange, at);
  order failure = effective(how.failure, action::load, at);
  auto& all = stores_[id];
  auto fits = [&](const stored& x) {
    return !how.expected || x.value == *how.expected;
  };
  std::vector<int> open;
  for (std::size_t i = all.size(); i-- > 0;)
    if (fits(all[i]) ? !all[i].taken && all[i].stamp >= lowest(id, success)
                     : all[i].stamp >= lowest(id, failure))
      open.push_back(static_cast<int>(i));
  int index = open[choose(static_cast<int>(open.size()))];
  int older = static_cast<int>(all.size()) - 1 - index;
  word found = all[index].value;
  if (!fits(all[index])) {
    read_from(id, all[index], failure);
    note(action::load, id, failure, found, older, at);
    return {found, false};
  }
  read_from(id, all[index], success);
  word value = how.apply ? how.apply(found, how.operand) : how.operand;
  insert(id, index, value, success, true);
  note(action::exchange, id, success, value, older, at);
  return {found, true};
}

// Sequentially consistent fences see what those before them saw; they order no
// plain data.
void explorer::fence(order how, place at) {
  step();
  how = effective(how, action::fence, at);
  auto& mine = me();
  if (acquires(how))
    mine.now.join(mine.pending);
  if (how == order::seq_cst) {
    mine.now.join_seen(sequential_);
    sequential_.join_seen(mine.now);
  }
  if (releases(how))
    mine.published = mine.now;
  ++mine.now.clock[current_];
  note(action::fence, -1, how, 0, 0, at);
}

void explorer::join_newest(int id) {
  check_alive(atomics_[id], "a mutex");
  read_from(id, stores_[id].back(), order::acquire);
}

void explorer::publish(int id) {
  check_alive(atomics_[id], "a mutex");
  insert(id, stores_[id].size() - 1, 0, order::release, false);
}

// -- plain data ---------------------------------------------------------------

void explorer::check_alive(life& one, const char* what) {
  if (!one.alive)
    fail(std::string{what} + " is used after its end");
  if (me().now.clock[one.writer] < one.written)
    fail("data race: " + std::string{what} + " of " + fibers_[one.writer].name
         + " used by " + me().name);
  one.touched[current_] = me().now.clock[current_];
}

void explorer::end_life(life& one, const char* what) {
  if (!result_.failure.empty())
    return; // the execution was left as it was
  check_alive(one, what);
  for (std::size_t i = 0; i < count_; ++i)
    if (me().now.clock[i] < one.touched[i])
      fail("data race: end of " + std::string{what} + " used by "
           + fibers_[i].name);
  one.alive = false;
}

int explorer::new_plain() {
  plains_.push_back({static_cast<int>(current_), me().now.clock[current_]});
  return static_cast<int>(plains_.size()) - 1;
}

void explorer::end_plain(int id) {
  end_life(plains_[id], "plain data");
}

void explorer::touch_plain(int id, action what) {
  life& one = plains_[id];
  note(what, id, order::relaxed, 0, 0, {});
  check_alive(one, "plain data");
  if (what == action::read)
    return;
  for (std::size_t i = 0; i < count_; ++i)
    if (me().now.clock[i] < one.touched[i])
      fail("data race: plain data used by " + fibers_[i].name
           + " and written by " + me().name);
  one.writer = static_cast<int>(current_);
  one.written = me().now.clock[current_];
}

// -- what is told -------------------------------------------------------------

namespace {

std::string name_of(action what) {
  static constexpr const char* names[]
    = {"load", "store", "exchange", "fence", "read", "write"};
  return names[static_cast<int>(what)];
}

std::string name_of(order how) {
  static constexpr const char* names[]
    = {"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
  return names[static_cast<int>(how)];
}

} // namespace

void explorer::note(action what, int id, order how, word value, int older,
                    place at) {
  events_.push_back(
    {static_cast<int>(current_), what, id, how, value, older, at});
}

// One line for each event; addresses get numbers.
std::string explorer::trace() const {
  std::map<word, std::string> names;
  std::string text;
  for (const auto& x : events_) {
    std::string who = fibers_[x.thread].name;
    who.resize(std::max<std::size_t>(who.size(), 10), ' ');
    text += "  " + who + " " + name_of(x.what);
    if (!x.at.file) {
      text += " data" + std::to_string(x.id) + "\n";
      continue;
    }
    if (x.what != action::fence) {
      auto& name = names[x.value];
      if (name.empty())
        name = x.value < 4'096 ? std::to_string(x.value)
                               : "&" + std::to_string(names.size());
      text += " atomic" + std::to_string(x.id) + " = " + name;
    }
    if (x.older > 0)
      text += " (" + std::to_string(x.older) + " behind the newest)";
    text += ", " + name_of(x.how) + ", " + x.at.function + " at "
          + file_of(x.at) + ":" + std::to_string(x.at.line) + "\n";
  }
  return text;
}

std::string describe(const mutant& one) {
  const site& x = one.where;
  return x.function + " at " + x.file + ":" + std::to_string(x.line) + ": "
       + name_of(x.what) + " " + name_of(one.weaker) + " instead of "
       + name_of(x.how);
}

std::vector<mutant> mutants_of(const site& one) {
  switch (one.how) {
    case order::seq_cst:
      return {{one, one.what == action::load    ? order::acquire
                    : one.what == action::store ? order::release
                                                : order::acq_rel}};
    case order::acq_rel:
      return {{one, order::acquire}, {one, order::release}};
    default:
      return {{one, order::relaxed}};
  }
}

} // namespace weak
