// The protocol between host and init, both ends in one process.
#include "runtime/sync/channel.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "runtime/sys/files.hpp"

namespace coracle::sync {
namespace {

TEST_CASE("channel: a message arrives as what it was sent as") {
  Channel channel = make_channel().value();
  REQUIRE(channel.init.send(MountPlease{.index = 7}).has_value());
  const InitMessage message = channel.host.receive().value();
  REQUIRE(std::holds_alternative<MountPlease>(message));
  CHECK(std::get<MountPlease>(message).index == 7);
}

TEST_CASE("channel: init gets what it expects and no other message") {
  Channel channel = make_channel().value();
  REQUIRE(channel.host.send(IdMapsWritten{}).has_value());
  CHECK(channel.init.expect<IdMapsWritten>().has_value());
  REQUIRE(channel.host.send(Saved{}).has_value());
  CHECK(channel.init.expect<RuntimeHooksDone>().error().text() ==
        "the host sent an unexpected message");
}

TEST_CASE("channel: a descriptor travels with its message") {
  Channel channel = make_channel().value();
  sys::Fd status = sys::open_file("/proc/self/status", O_RDONLY).value();
  REQUIRE(channel.init.send(Console{.terminal = std::move(status)}).has_value());
  InitMessage message = channel.host.receive().value();
  REQUIRE(std::holds_alternative<Console>(message));
  CHECK(sys::read_all(std::get<Console>(message).terminal).value().starts_with("Name:"));
}

TEST_CASE("channel: a failure of init becomes the host's error") {
  Channel channel = make_channel().value();
  REQUIRE(
      channel.init.send(Failed{.error = {.code = ENOENT, .what = "mounts: open /x"}}).has_value());
  const auto message = channel.host.receive();
  REQUIRE_FALSE(message.has_value());
  CHECK(message.error().text() == "init: mounts: open /x: no such file or directory");
}

TEST_CASE("channel: warnings are passed over and kept") {
  Channel channel = make_channel().value();
  REQUIRE(channel.init.send(LogLine{.text = "beware"}).has_value());
  REQUIRE(channel.init.send(Ready{}).has_value());
  CHECK(std::holds_alternative<Ready>(channel.host.receive().value()));
  CHECK(channel.host.take_warnings() == std::vector<std::string>{"beware"});
}

TEST_CASE("channel: silence is an error on either side") {
  Channel first = make_channel().value();
  first.init.close();
  CHECK(first.host.receive().error().text() == "init ended without a word");
  Channel second = make_channel().value();
  { const HostEnd gone = std::move(second.host); }
  CHECK(second.init.expect<Saved>().error().text() ==
        "the other side closed the channel: broken pipe");
}

TEST_CASE("channel: whoever tells an init that has ended hears what it said before") {
  Channel channel = make_channel().value();
  REQUIRE(channel.init.send(RootfsReady{}).has_value());
  REQUIRE(
      channel.init.send(Failed{.error = {.code = ENOENT, .what = "mounts: open /x"}}).has_value());
  channel.init.close();
  CHECK(channel.host.send(Saved{}).error().text() ==
        "init: mounts: open /x: no such file or directory");
  CHECK(channel.host.send(Saved{}).error().text() == "init ended without a word");
}

TEST_CASE("channel: what an init failed with is the cause of what fails after it") {
  const auto cause = [](Channel& channel) {
    return channel.host.cause(Error{.code = ESRCH, .what = "cgroup"}).text();
  };
  Channel alive = make_channel().value();
  CHECK(cause(alive) == "cgroup: no such process");
  REQUIRE(alive.init.send(LogLine{.text = "beware"}).has_value());
  CHECK(cause(alive) == "cgroup: no such process");
  Channel failed = make_channel().value();
  REQUIRE(failed.host.send(IdMapsWritten{}).has_value());
  REQUIRE(failed.init.send(Failed{.error = {.code = EIO, .what = "rootfs"}}).has_value());
  failed.init.close();
  CHECK(cause(failed) == "init: rootfs: input/output error");
  CHECK(cause(failed) == "cgroup: no such process");
}

TEST_CASE("channel: an init that ended before it read what it was sent is heard") {
  Channel channel = make_channel().value();
  REQUIRE(channel.host.send(IdMapsWritten{}).has_value());
  REQUIRE(channel.init.send(Failed{.error = {.code = EIO, .what = "descriptors"}}).has_value());
  channel.init.close();
  CHECK(channel.host.receive().error().text() == "init: descriptors: input/output error");
  CHECK(channel.host.receive().error().text() == "init ended without a word");
}

TEST_CASE("channel: what fails on our side is not init's end") {
  HostEnd host(sys::open_file("/dev/null", O_RDWR).value());
  CHECK(host.receive().error().text() == "hear from init: recvmsg: socket operation on non-socket");
}

TEST_CASE("channel: a text that is too long is cut, not lost") {
  Channel channel = make_channel().value();
  const std::string text(10'000, 'x');
  REQUIRE(channel.init.send(Failed{.error = {.code = 0, .what = text}}).has_value());
  const auto message = channel.host.receive();
  REQUIRE_FALSE(message.has_value());
  CHECK(message.error().what == "init: " + text.substr(0, 4096));
}

}  // namespace
}  // namespace coracle::sync
