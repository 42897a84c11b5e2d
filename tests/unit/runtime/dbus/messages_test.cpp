// What coracle and coracle-sd-bus send each other.
#include "runtime/dbus/messages.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "runtime/sys/sockets.hpp"

using namespace coracle;
using namespace coracle::dbus;

namespace {

Deadline soon() {
  return Deadline(Deadline::duration(123456789));
}

// Each kind of data that a value has.
std::vector<Value> values() {
  return {text("text"),
          boolean(true),
          uint64(~std::uint64_t{0}),
          {.type = "x", .data = std::int64_t{-1}},
          {.type = "d", .data = 0.25},
          array("s", {}),
          structure({text(""), variant(array("(ss)", {structure({text("a"), text("b")})}))})};
}

Request call_of(std::vector<Value> arguments) {
  return {.what = Call{.method = {.destination = "d", .path = "p", .interface = "i", .name = "n"},
                       .arguments = std::move(arguments),
                       .reply = "so"},
          .deadline = soon()};
}

}  // namespace

TEST_CASE("messages: a call arrives as it was sent") {
  const auto request = decode_request(encode(call_of(values())));
  REQUIRE_MESSAGE(request.has_value(), request.error().text());
  CHECK(request->deadline == soon());
  const auto& call = std::get<Call>(request->what);
  CHECK(call.method.destination + call.method.path + call.method.interface + call.method.name ==
        "dpin");
  CHECK(call.reply == "so");
  CHECK(call.arguments == values());
}

TEST_CASE("messages: so do a connection to make, and a signal to wait for") {
  for (const bool has_daemon : {false, true}) {
    const auto connect = decode_request(
        encode({.what = Connect{{.text = "a", .has_daemon = has_daemon}}, .deadline = soon()}));
    REQUIRE(connect.has_value());
    CHECK(std::get<Connect>(connect->what).address.text == "a");
    CHECK(std::get<Connect>(connect->what).address.has_daemon == has_daemon);
  }
  const auto wait = decode_request(encode(
      {.what = NextSignal{.interface = "i", .name = "n", .types = "u"}, .deadline = soon()}));
  REQUIRE(wait.has_value());
  const auto& signal = std::get<NextSignal>(wait->what);
  CHECK(signal.interface + signal.name + signal.types == "inu");
}

TEST_CASE("messages: replies are texts, or an error with its code") {
  const std::vector<std::string> texts = {"", "two"};
  CHECK(decode_reply(encode(Reply(texts))).value() == texts);
  const auto error = decode_reply(encode(Reply(fail_errno("wait", ETIMEDOUT))));
  REQUIRE_FALSE(error.has_value());
  CHECK(error.error().code == ETIMEDOUT);
  CHECK(error.error().what == "wait");
}

TEST_CASE("messages: what ends too early, or goes on, is refused") {
  const std::string request = encode(call_of(values()));
  for (std::size_t size = 0; size < request.size(); ++size)
    CHECK_FALSE(decode_request(request.substr(0, size)).has_value());
  CHECK_FALSE(decode_request(request + '\0').has_value());
  const std::string reply = encode(Reply(std::vector<std::string>{"one", "two"}));
  for (std::size_t size = 0; size < reply.size(); ++size)
    CHECK_FALSE(decode_reply(reply.substr(0, size)).has_value());
  CHECK_FALSE(decode_reply(reply + '\0').has_value());
}

TEST_CASE("messages: over a socket they stay apart, and nothing comes after its end") {
  auto ends = sys::stream_pair().value();
  REQUIRE(send_message(ends.first, "one").has_value());
  REQUIRE(send_message(ends.first, "").has_value());
  ends.first = sys::Fd();
  CHECK(receive_message(ends.second).value() == "one");
  CHECK(receive_message(ends.second).value() == "");
  CHECK(receive_message(ends.second).value() == std::nullopt);
  const auto sent = send_message(ends.second, "who hears it?");
  REQUIRE_FALSE(sent.has_value());
  CHECK(sent.error().code == EPIPE);
}

TEST_CASE("messages: one that the sender did not finish is refused") {
  auto ends = sys::stream_pair().value();
  REQUIRE(send_message(ends.first, "cut").has_value());
  const std::string length(3, '\0');
  REQUIRE(::send(ends.first.get(), length.data(), length.size(), 0) == 3);
  ends.first = sys::Fd();
  CHECK(receive_message(ends.second).value() == "cut");
  CHECK_FALSE(receive_message(ends.second).has_value());
}
