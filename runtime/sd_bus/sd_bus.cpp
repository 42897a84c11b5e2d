// sd-bus by function pointers: libsystemd is no dependency of the program.
#include "runtime/sd_bus/sd_bus.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

// As in systemd/sd-bus.h, whose ABI is stable.
struct sd_bus;
struct sd_bus_message;
struct sd_bus_error {
  const char* name;
  const char* message;
  int need_free;
};

namespace coracle::bus_program {
namespace {

using namespace std::chrono;
using dbus::Value;

// Closes what dlopen(3) opened.
class Library {
 public:
  explicit Library(const char* name) : handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) problem_ = ::dlerror();
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }

  // Null where there is none: see problem().
  void* find(const char* name) {
    void* found = handle_ == nullptr ? nullptr : ::dlsym(handle_, name);
    if (found == nullptr && problem_.empty()) problem_ = std::string("no function ") + name;
    return found;
  }
  const std::string& problem() const { return problem_; }

 private:
  void* handle_;
  std::string problem_;
};

template <class Signature>
class Function;

// A function of a library, found by its name.
template <class R, class... Args>
class Function<R(Args...)> {
 public:
  Function(Library& library, const char* name)
      : call_(reinterpret_cast<R (*)(Args...)>(library.find(name))) {}
  R operator()(Args... args) const { return call_(args...); }

 private:
  R (*call_)(Args...);
};

struct Functions {
  explicit Functions(Library& l)
      : bus_new(l, "sd_bus_new"),
        set_address(l, "sd_bus_set_address"),
        set_bus_client(l, "sd_bus_set_bus_client"),
        start(l, "sd_bus_start"),
        is_ready(l, "sd_bus_is_ready"),
        process(l, "sd_bus_process"),
        wait(l, "sd_bus_wait"),
        call(l, "sd_bus_call"),
        close(l, "sd_bus_close"),
        unref(l, "sd_bus_unref"),
        error_free(l, "sd_bus_error_free"),
        new_method_call(l, "sd_bus_message_new_method_call"),
        message_unref(l, "sd_bus_message_unref"),
        append_basic(l, "sd_bus_message_append_basic"),
        open_container(l, "sd_bus_message_open_container"),
        close_container(l, "sd_bus_message_close_container"),
        read_basic(l, "sd_bus_message_read_basic"),
        enter_container(l, "sd_bus_message_enter_container"),
        exit_container(l, "sd_bus_message_exit_container"),
        is_signal(l, "sd_bus_message_is_signal") {}

  Function<int(sd_bus**)> bus_new;
  Function<int(sd_bus*, const char*)> set_address;
  Function<int(sd_bus*, int)> set_bus_client;
  Function<int(sd_bus*)> start;
  Function<int(sd_bus*)> is_ready;
  Function<int(sd_bus*, sd_bus_message**)> process;
  Function<int(sd_bus*, std::uint64_t)> wait;
  Function<int(sd_bus*, sd_bus_message*, std::uint64_t, sd_bus_error*, sd_bus_message**)> call;
  Function<void(sd_bus*)> close;
  Function<sd_bus*(sd_bus*)> unref;
  Function<void(sd_bus_error*)> error_free;
  Function<int(sd_bus*, sd_bus_message**, const char*, const char*, const char*, const char*)>
      new_method_call;
  Function<sd_bus_message*(sd_bus_message*)> message_unref;
  Function<int(sd_bus_message*, char, const void*)> append_basic;
  Function<int(sd_bus_message*, char, const char*)> open_container;
  Function<int(sd_bus_message*)> close_container;
  Function<int(sd_bus_message*, char, void*)> read_basic;
  Function<int(sd_bus_message*, char, const char*)> enter_container;
  Function<int(sd_bus_message*)> exit_container;
  Function<int(sd_bus_message*, const char*, const char*)> is_signal;
};

// Microseconds from now; 0 when it has passed.
std::uint64_t left_until(dbus::Deadline deadline) {
  const auto left = duration_cast<microseconds>(deadline - steady_clock::now());
  return left.count() > 0 ? static_cast<std::uint64_t>(left.count()) : 0;
}

// sd-bus returns negative errno values.
Result<void> check(int returned, const std::string& what) {
  if (returned >= 0) return {};
  return fail_errno(what, -returned);
}

class Message {
 public:
  Message(const Functions& functions, sd_bus_message* message)
      : functions_(&functions), message_(message) {}
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message() {
    if (message_ != nullptr) functions_->message_unref(message_);
  }

  sd_bus_message* get() const { return message_; }
  Result<void> append(const Value& value) const;
  Result<std::vector<std::string>> read(std::string_view types) const;

 private:
  Result<void> append_parts(const Value& value) const;
  Result<void> append_number(char type, std::uint64_t bits) const;
  Result<void> append_basic(char type, const void* value) const {
    return check(functions_->append_basic(message_, type, value), "append to D-Bus message");
  }
  Result<std::string> read_one(char type) const;

  const Functions* functions_;
  sd_bus_message* message_;
};

Result<void> Message::append_number(char type, std::uint64_t bits) const {
  const auto byte = static_cast<std::uint8_t>(bits);
  const auto half = static_cast<std::uint16_t>(bits);
  const auto word = static_cast<std::uint32_t>(bits);
  if (type == 'y') return append_basic(type, &byte);
  if (type == 'n' || type == 'q') return append_basic(type, &half);
  if (type == 'i' || type == 'u') return append_basic(type, &word);
  return append_basic(type, &bits);
}

Result<void> Message::append_parts(const Value& value) const {
  const auto& parts = std::get<Value::Parts>(value.data);
  const char kind = value.type[0];
  std::string contents = value.type.substr(1);
  if (kind == '(' || kind == '{') contents.pop_back();
  if (kind == 'v') contents = parts.front().type;
  // The brackets stand for sd-bus's letters of structure and dictionary entry.
  const char code = kind == '(' ? 'r' : kind == '{' ? 'e' : kind;
  TRY(check(functions_->open_container(message_, code, contents.c_str()), "open D-Bus container"));
  for (const Value& part : parts) TRY(append(part));
  return check(functions_->close_container(message_), "close D-Bus container");
}

Result<void> Message::append(const Value& value) const {
  const char type = value.type[0];
  if (const auto* flag = std::get_if<bool>(&value.data)) {
    const int wide = *flag ? 1 : 0;
    return append_basic(type, &wide);
  }
  if (const auto* number = std::get_if<std::uint64_t>(&value.data))
    return append_number(type, *number);
  if (const auto* number = std::get_if<std::int64_t>(&value.data))
    return append_number(type, static_cast<std::uint64_t>(*number));
  if (const auto* number = std::get_if<double>(&value.data)) return append_basic(type, number);
  if (const auto* text = std::get_if<std::string>(&value.data))
    return append_basic(type, text->c_str());
  return append_parts(value);
}

Result<std::string> Message::read_one(char type) const {
  if (type == 'v') {
    TRY(check(functions_->enter_container(message_, 'v', "s"), "D-Bus reply"));
    std::string text = TRY(read_one('s'));
    TRY(check(functions_->exit_container(message_), "D-Bus reply"));
    return text;
  }
  if (type == 'u') {
    std::uint32_t number = 0;
    TRY(check(functions_->read_basic(message_, type, &number), "D-Bus reply"));
    return std::to_string(number);
  }
  const char* text = nullptr;  // the message's own
  TRY(check(functions_->read_basic(message_, type, static_cast<void*>(&text)), "D-Bus reply"));
  return std::string(text);
}

Result<std::vector<std::string>> Message::read(std::string_view types) const {
  std::vector<std::string> texts;
  for (const char type : types) {
    std::string text = TRY(read_one(type));
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace

struct Bus::Connection {
  Connection() : library("libsystemd.so.0"), functions(library) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (bus == nullptr) return;
    functions.close(bus);
    functions.unref(bus);
  }

  // Lets sd-bus work; waits for more where there was nothing to do.
  Result<void> step(sd_bus_message** message, dbus::Deadline deadline) const {
    const int done = functions.process(bus, message);
    TRY(check(done, "process D-Bus messages"));
    if (done > 0) return {};
    const std::uint64_t left = left_until(deadline);
    if (left == 0) return fail_errno("wait for D-Bus", ETIMEDOUT);
    return check(functions.wait(bus, left), "wait for D-Bus");
  }

  Library library;
  Functions functions;
  sd_bus* bus = nullptr;
};

Bus::Bus(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Bus::Bus(Bus&&) noexcept = default;
Bus& Bus::operator=(Bus&&) noexcept = default;
Bus::~Bus() = default;

Result<Bus> Bus::connect(const dbus::Address& address, dbus::Deadline deadline) {
  auto made = std::make_unique<Connection>();
  const Functions& functions = made->functions;
  if (!made->library.problem().empty())
    return fail("the systemd cgroup driver needs libsystemd.so.0: " + made->library.problem());
  TRY(check(functions.bus_new(&made->bus), "make a D-Bus connection"));
  TRY(check(functions.set_address(made->bus, address.text.c_str()), "set the address"));
  TRY(check(functions.set_bus_client(made->bus, address.has_daemon ? 1 : 0), "set the kind"));
  TRY(check(functions.start(made->bus), "connect"));
  // sd_bus_call(3) would do it, but for as long as the peer likes.
  while (functions.is_ready(made->bus) == 0) TRY(made->step(nullptr, deadline));
  return Bus(std::move(made));
}

dbus::Reply Bus::call(const dbus::Call& call, dbus::Deadline deadline) const {
  const Functions& functions = connection_->functions;
  const dbus::Method& method = call.method;
  const std::string& attempt = method.name;
  sd_bus_message* raw = nullptr;
  TRY(check(
      functions.new_method_call(connection_->bus, &raw, method.destination.c_str(),
                                method.path.c_str(), method.interface.c_str(), method.name.c_str()),
      attempt));
  const Message request(functions, raw);
  for (const Value& argument : call.arguments) TRY(request.append(argument).context(attempt));
  sd_bus_error error = {};
  sd_bus_message* answer = nullptr;
  // 0 would be sd-bus's own 25 seconds.
  const std::uint64_t limit = std::max<std::uint64_t>(left_until(deadline), 1);
  const int called = functions.call(connection_->bus, raw, limit, &error, &answer);
  const Message response(functions, answer);
  if (called >= 0) return response.read(call.reply).context(attempt);
  const std::string name = error.name == nullptr ? "" : error.name;
  const std::string text = error.message == nullptr ? "" : error.message;
  functions.error_free(&error);
  if (name.empty()) return fail_errno(attempt, -called);
  return std::unexpected(Error{.code = called == -ETIMEDOUT ? ETIMEDOUT : 0,
                               .what = attempt + ": " + name + ": " + text});
}

dbus::Reply Bus::next_signal(const dbus::NextSignal& signal, dbus::Deadline deadline) const {
  const Functions& functions = connection_->functions;
  while (true) {
    sd_bus_message* raw = nullptr;
    TRY(connection_->step(&raw, deadline).context(signal.name));
    const Message message(functions, raw);
    if (raw != nullptr &&
        functions.is_signal(raw, signal.interface.c_str(), signal.name.c_str()) > 0)
      return message.read(signal.types);
  }
}

}  // namespace coracle::bus_program
