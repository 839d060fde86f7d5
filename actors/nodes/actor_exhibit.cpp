#include <troupe/detail/actor_exhibit.hpp>
#include <troupe/detail/stand_in.hpp>
#include <troupe/link.hpp>

#include "actors/nodes/session.hpp"
#include "runtime/trace.hpp"

#include <algorithm>

// What a node does with messages of other nodes to its actors.

namespace troupe::detail {

namespace {

constexpr std::size_t most_values = 64; // of one message

// FNV-1a: any number that is the same on all nodes.
std::uint64_t number_of(std::string_view text) noexcept {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (char each : text)
    hash = (hash ^ static_cast<unsigned char>(each)) * 1'099'511'628'211U;
  return hash;
}

const wire_types& basic_types() {
  static const wire_types all
    = wire_types_of<bool, char, std::int8_t, std::uint8_t, std::int16_t,
                    std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
                    std::uint64_t, float, double, std::string>();
  return all;
}

bool by_id(const wire_type* x, const wire_type* y) noexcept {
  return x->id < y->id;
}

const wire_type& find_type(const wire_types& known, std::uint64_t id) {
  auto found = std::lower_bound(
    known.begin(), known.end(), id,
    [](const wire_type* x, std::uint64_t wanted) { return x->id < wanted; });
  if (found == known.end() || (*found)->id != id)
    throw error(errc::bad_message,
                "the message has a value of a type that the actor is not "
                "published with; publish it as speaks<...>(actor)");
  return **found;
}

// The values of a message that came, in one block of memory: the types, then
// where each value is, then the values.
class arrived_values {
public:
  arrived_values(const wire_types& known, wire_reader& in)
    : arrived_values(types_in(known, in), in) {}

  arrived_values(arrived_values&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)), align_(other.align_),
      room_(other.room_),
      shape_(std::exchange(other.shape_, message_type{nullptr, 0})) {}

  ~arrived_values() {
    while (shape_.count > 0)
      drop_last();
    if (block_)
      ::operator delete(block_, std::align_val_t{align_});
  }

  arrived_values& operator=(arrived_values&&) = delete;

  const message_type& shape() const noexcept {
    return shape_;
  }

  const void* at(std::size_t index) const noexcept {
    return places()[index];
  }

private:
  struct type_list {
    const wire_type* types[most_values];
    std::size_t count;
  };

  static type_list types_in(const wire_types& known, wire_reader& in) {
    type_list list;
    list.count = in.number<std::uint8_t>();
    if (list.count > most_values)
      throw_bad_message("it has too many values");
    for (std::size_t i = 0; i < list.count; ++i)
      list.types[i] = &find_type(known, in.number<std::uint64_t>());
    return list;
  }

  arrived_values(const type_list& list, wire_reader& in)
    : align_(alignof(void*)), room_(list.count) {
    std::size_t size = 2 * list.count * sizeof(void*);
    std::size_t offsets[most_values];
    for (std::size_t i = 0; i < list.count; ++i) {
      const value_type& type = *list.types[i]->type;
      align_ = std::max(align_, type.align);
      size = (size + type.align - 1) / type.align * type.align;
      offsets[i] = size;
      size += type.size;
    }
    block_ = ::operator new(size, std::align_val_t{align_});
    shape_.values = static_cast<const value_type**>(block_);
    for (std::size_t i = 0; i < list.count; ++i) {
      void* place = static_cast<char*>(block_) + offsets[i];
      ::new (static_cast<const value_type**>(block_) + i)
        const value_type*(list.types[i]->type);
      ::new (places() + i) void*(place);
    }
    read(list, in);
  }

  void read(const type_list& list, wire_reader& in) {
    try {
      for (; shape_.count < list.count; ++shape_.count)
        list.types[shape_.count]->read(in, places()[shape_.count]);
      in.end();
    } catch (...) {
      while (shape_.count > 0)
        drop_last();
      ::operator delete(block_, std::align_val_t{align_});
      throw;
    }
  }

  void drop_last() noexcept {
    --shape_.count;
    shape_.values[shape_.count]->destroy(places()[shape_.count]);
  }

  void** places() const noexcept {
    return static_cast<void**>(block_) + room_;
  }

  void* block_;
  std::size_t align_;
  std::size_t room_;
  message_type shape_{nullptr, 0}; // of the values that are made
};

// A message whose types are known at run time only. The values are its first
// base, since the message points to their shape.
template <class Base>
class arrived : protected arrived_values, public Base {
public:
  explicit arrived(arrived_values values)
    : arrived_values(std::move(values)), Base(message_kind::user, &shape()) {}

private:
  const void* value(std::size_t index) const noexcept final {
    return at(index);
  }
};

using arrived_message = arrived<message>;

// A request whose answer goes back as bytes.
class arrived_request final : public arrived<local_request> {
public:
  arrived_request(arrived_values values, const wire_type* wanted)
    : arrived(std::move(values)), wanted_(wanted) {}

  const value_type* result_type() const noexcept override {
    return wanted_ ? wanted_->type : nullptr;
  }

  void take(void* value) override {
    copy(value);
  }

  void copy(const void* value) override {
    if (wanted_)
      wanted_->write(answer, value);
  }

  std::string answer;

private:
  const wire_type* wanted_; // null: none
};

class ask_for_peer final : public ask_op_base {
public:
  ask_for_peer(const actor_ref& to, arrived_request* what) noexcept
    : ask_op_base(to.at(), what, time_limit{}) {}

  std::string resume() {
    return std::move(static_cast<arrived_request&>(finish()).answer);
  }
};

arrived_request* read_request(const wire_types& known,
                              const std::string& payload) {
  wire_reader in{payload};
  auto flags = in.number<std::uint8_t>();
  auto wanted = in.number<std::uint64_t>();
  const wire_type* answer = wanted ? &find_type(known, wanted) : nullptr;
  auto* made = new arrived_request(arrived_values{known, in}, answer);
  made->urgent = (flags & urgent_flag) != 0;
  return made;
}

} // namespace

wire_type::wire_type(const value_type& type, const std::string& shape,
                     read_function read, write_function write)
  : type(&type), id(number_of(type_name(*type.id) + ' ' + shape)), read(read),
    write(write) {}

// -- the exhibit --------------------------------------------------------------

exhibit_of<actor_ref>::exhibit_of(speaking_actor x)
  : who_(std::move(x.who)), types_(std::move(x.types)) {
  if (!who_)
    throw std::invalid_argument("publish: the actor_ref is empty");
  types_.insert(types_.end(), basic_types().begin(), basic_types().end());
  std::sort(types_.begin(), types_.end(), by_id);
}

std::string exhibit_of<actor_ref>::kind() const {
  return kind_of<actor_ref>::text();
}

coro<std::string> exhibit_of<actor_ref>::ask(std::uint8_t verb,
                                             std::string payload, visit& from) {
  if (is_watch(verb)) {
    co_await watch_for_peer(who_, verb, from);
    co_return std::string{};
  }
  switch (static_cast<actor_verb>(verb)) {
    case actor_verb::ask: {
      ask_for_peer asking(who_, read_request(types_, payload));
      co_return co_await std::move(asking);
    }
    case actor_verb::types: {
      std::vector<std::uint64_t> ids;
      for (const wire_type* each : types_)
        ids.push_back(each->id);
      co_return to_wire(ids);
    }
    default:
      throw_bad_message("an actor does not do that");
  }
}

void exhibit_of<actor_ref>::tell(std::uint8_t verb, std::string_view payload) {
  if (verb == static_cast<std::uint8_t>(watch_verb::exit))
    return exit_by_peer(who_, payload);
  if (static_cast<actor_verb>(verb) != actor_verb::tell)
    throw_bad_message("an actor does not do that");
  wire_reader in{payload};
  auto flags = in.number<std::uint8_t>();
  auto* made = new arrived_message(arrived_values{types_, in});
  made->urgent = (flags & urgent_flag) != 0;
  send(who_.at(), *made);
}

} // namespace troupe::detail
