// Numbers as eight bytes in the order of this machine: both ends are of one build.
#include "runtime/dbus/messages.hpp"

#include <sys/socket.h>

#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

namespace coracle::dbus {
namespace {

constexpr std::size_t longest_message = 64 << 20;

// What index() stands for below.
template <std::size_t index, class T, class Variant>
constexpr bool is_at = std::is_same_v<std::variant_alternative_t<index, Variant>, T>;
using Data = decltype(Value::data);
static_assert(is_at<0, bool, Data> && is_at<1, std::uint64_t, Data> &&
              is_at<2, std::int64_t, Data> && is_at<3, double, Data> &&
              is_at<4, std::string, Data> && is_at<5, Value::Parts, Data>);
using What = decltype(Request::what);
static_assert(is_at<0, Connect, What> && is_at<1, Call, What> && is_at<2, NextSignal, What>);

class Writer {
 public:
  void number(std::uint64_t number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    bytes_.append(bytes, sizeof number);
  }
  void text(std::string_view text) {
    number(text.size());
    bytes_ += text;
  }
  void texts(const std::vector<std::string>& all) {
    number(all.size());
    for (const std::string& one : all) text(one);
  }
  void values(const std::vector<Value>& all) {
    number(all.size());
    for (const Value& one : all) value(one);
  }
  std::string take() { return std::move(bytes_); }

 private:
  void value(const Value& value) {
    text(value.type);
    number(value.data.index());
    std::visit([this](const auto& data) { put(data); }, value.data);
  }
  void put(bool data) { number(data ? 1 : 0); }
  void put(std::uint64_t data) { number(data); }
  void put(std::int64_t data) { number(static_cast<std::uint64_t>(data)); }
  void put(double data) { number(std::bit_cast<std::uint64_t>(data)); }
  void put(const std::string& data) { text(data); }
  void put(const Value::Parts& data) { values(data); }

  std::string bytes_;
};

// After something was missing it gives zeros and empty texts; is_whole() tells.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t number = 0;
    if (rest_.size() < sizeof number) {
      broken_ = true;
      rest_ = {};
      return 0;
    }
    std::memcpy(&number, rest_.data(), sizeof number);
    rest_.remove_prefix(sizeof number);
    return number;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) broken_ = true;
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(text.size());
    return text;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> all;
    for (std::uint64_t left = number(); left > 0 && !broken_; --left) all.push_back(text());
    return all;
  }
  std::vector<Value> values() {
    std::vector<Value> all;
    for (std::uint64_t left = number(); left > 0 && !broken_; --left) all.push_back(value());
    return all;
  }
  // Everything was there, and nothing is left.
  bool is_whole() const { return !broken_ && rest_.empty(); }

 private:
  Value value() {
    Value value = {.type = text(), .data = false};
    switch (number()) {
      case 0:
        value.data = number() != 0;
        break;
      case 1:
        value.data = number();
        break;
      case 2:
        value.data = static_cast<std::int64_t>(number());
        break;
      case 3:
        value.data = std::bit_cast<double>(number());
        break;
      case 4:
        value.data = text();
        break;
      case 5:
        value.data = values();
        break;
      default:
        broken_ = true;
    }
    return value;
  }

  std::string_view rest_;
  bool broken_ = false;
};

void put(Writer& writer, const Connect& connect) {
  writer.text(connect.address.text);
  writer.number(connect.address.has_daemon ? 1 : 0);
}

void put(Writer& writer, const Call& call) {
  const Method& method = call.method;
  writer.texts({method.destination, method.path, method.interface, method.name, call.reply});
  writer.values(call.arguments);
}

void put(Writer& writer, const NextSignal& signal) {
  writer.texts({signal.interface, signal.name, signal.types});
}

std::unexpected<Error> not_understood() {
  return fail("coracle-sd-bus and coracle do not understand each other");
}

Result<void> send_all(const sys::Fd& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail_errno("send to coracle-sd-bus");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

// As many as there are before the peer closes, `size` at most.
Result<std::string> receive_up_to(const sys::Fd& socket, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t more = ::recv(socket.get(), &bytes[got], size - got, 0);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return fail_errno("hear from coracle-sd-bus");
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  bytes.resize(got);
  return bytes;
}

}  // namespace

std::string encode(const Request& request) {
  Writer writer;
  writer.number(static_cast<std::uint64_t>(request.deadline.time_since_epoch().count()));
  writer.number(request.what.index());
  std::visit([&](const auto& what) { put(writer, what); }, request.what);
  return writer.take();
}

Result<Request> decode_request(std::string_view bytes) {
  Reader reader(bytes);
  const auto ticks = static_cast<Deadline::rep>(reader.number());
  Request request = {.what = Connect(), .deadline = Deadline(Deadline::duration(ticks))};
  const std::uint64_t kind = reader.number();
  if (kind == 0) {
    std::string text = reader.text();
    request.what = Connect{{.text = std::move(text), .has_daemon = reader.number() != 0}};
  } else {
    std::vector<std::string> texts = reader.texts();
    if (kind == 1 && texts.size() == 5) {
      request.what = Call{.method = {.destination = std::move(texts[0]),
                                     .path = std::move(texts[1]),
                                     .interface = std::move(texts[2]),
                                     .name = std::move(texts[3])},
                          .arguments = reader.values(),
                          .reply = std::move(texts[4])};
    } else if (kind == 2 && texts.size() == 3) {
      request.what = NextSignal{.interface = std::move(texts[0]),
                                .name = std::move(texts[1]),
                                .types = std::move(texts[2])};
    } else {
      return not_understood();
    }
  }
  if (!reader.is_whole()) return not_understood();
  return request;
}

std::string encode(const Reply& reply) {
  Writer writer;
  writer.number(reply ? 0 : 1);
  if (reply) {
    writer.texts(*reply);
  } else {
    writer.number(static_cast<std::uint64_t>(reply.error().code));
    writer.text(reply.error().what);
  }
  return writer.take();
}

Reply decode_reply(std::string_view bytes) {
  Reader reader(bytes);
  if (reader.number() == 0) {
    std::vector<std::string> texts = reader.texts();
    if (!reader.is_whole()) return not_understood();
    return texts;
  }
  const int code = static_cast<int>(reader.number());
  std::string what = reader.text();
  if (!reader.is_whole()) return not_understood();
  return std::unexpected(Error{.code = code, .what = std::move(what)});
}

Result<void> send_message(const sys::Fd& socket, std::string_view bytes) {
  Writer length;
  length.number(bytes.size());
  TRY(send_all(socket, length.take()));
  return send_all(socket, bytes);
}

Result<std::optional<std::string>> receive_message(const sys::Fd& socket) {
  const std::string length = TRY(receive_up_to(socket, sizeof(std::uint64_t)));
  if (length.empty()) return std::nullopt;
  if (length.size() != sizeof(std::uint64_t)) return not_understood();
  const std::uint64_t size = Reader(length).number();
  if (size > longest_message) return not_understood();
  std::string bytes = TRY(receive_up_to(socket, size));
  if (bytes.size() != size) return not_understood();
  return bytes;
}

}  // namespace coracle::dbus
