// Netlink messages as bytes.
#include "runtime/sys/netlink_message.hpp"

#include <linux/netlink.h>

#include <string>

#include <doctest/doctest.h>

using namespace coracle::sys;

namespace {

// What the kernel would send back: the request's own bytes with other flags.
std::string answer(std::uint16_t type, std::uint16_t flags, int code, const std::string& text) {
  NetlinkRequest request(type, flags, nlmsgerr{.error = code, .msg = {}});
  if (!text.empty()) request.add_text(NLMSGERR_ATTR_MSG, text);
  return request.bytes(1);
}

NetlinkVerdict verdict_of(const std::string& packet) {
  const auto messages = parse_netlink(packet);
  REQUIRE(messages.has_value());
  REQUIRE(messages->size() == 1);
  return parse_verdict(messages->front());
}

}  // namespace

TEST_CASE(
    "netlink request: header, attributes and their padding are laid out as the kernel has it") {
  NetlinkRequest request(19, NLM_F_ACK, std::uint32_t{0x04030201});
  request.add_text(3, "lo");
  request.add_number(28, 7);
  const std::string expected(
      "\x24\0\0\0"    // 36 bytes
      "\x13\0\x05\0"  // type; NLM_F_REQUEST | NLM_F_ACK
      "\x2a\0\0\0"    // sequence
      "\0\0\0\0"
      "\x01\x02\x03\x04"
      "\x07\0\x03\0lo\0\0"       // length without the padding
      "\x08\0\x1c\0\x07\0\0\0",  // 28: a number
      36);
  CHECK(request.bytes(42) == expected);
}

TEST_CASE("netlink answer: every message of a packet is found") {
  NetlinkRequest request(16, 0, std::uint32_t{5});
  request.add_text(3, "eth0");
  const std::string packet = request.bytes(1) + request.bytes(2);
  const auto messages = parse_netlink(packet);
  REQUIRE(messages.has_value());
  REQUIRE(messages->size() == 2);
  CHECK(messages->back().type == 16);
  CHECK(messages->back().sequence == 2);
  CHECK(netlink_header<std::uint32_t>(messages->back().payload) == 5);
  const auto attributes = netlink_attributes(messages->back().payload, sizeof(std::uint32_t));
  CHECK(find_attribute(attributes, 3) == std::string_view("eth0\0", 5));
  CHECK_FALSE(find_attribute(attributes, 4).has_value());
}

TEST_CASE("netlink answer: a message that reaches beyond the packet is refused") {
  const std::string whole = NetlinkRequest(16, 0, std::uint32_t{5}).bytes(1);
  CHECK(parse_netlink(whole.substr(0, whole.size() - 1)).error().text() ==
        "netlink answer is cut after 0 messages");
  CHECK(parse_netlink(whole + "abc").error().text() == "netlink answer is cut after 1 messages");
  CHECK_FALSE(parse_netlink(std::string(16, '\0')).has_value());
}

TEST_CASE("netlink attributes: one that reaches beyond its message ends the list") {
  const std::string first("\x05\0\x01\0x\0\0\0", 8);
  CHECK(netlink_attributes(first + std::string("\x09\0\x02\0y\0\0\0", 8), 0).size() == 1);
  CHECK(netlink_attributes(first + std::string("\x03\0\x02\0", 4), 0).size() == 1);
  CHECK(netlink_attributes(first, 100).empty());
}

TEST_CASE("netlink attributes: the flags beside the type are not part of it") {
  const auto attributes = netlink_attributes({"\x04\0\x07\x80", 4}, 0);
  REQUIRE(attributes.size() == 1);
  CHECK(attributes.front().type == 7);
}

TEST_CASE("netlink header: a payload too short for it has none") {
  CHECK_FALSE(netlink_header<std::uint32_t>("abc").has_value());
}

TEST_CASE("netlink verdict: errno comes with the kernel's words") {
  const auto refused = verdict_of(answer(NLMSG_ERROR, NLM_F_ACK_TLVS, -22, "it is immutable"));
  CHECK(refused.code == 22);
  CHECK(refused.text == "it is immutable");
  const auto done = verdict_of(answer(NLMSG_ERROR, NLM_F_CAPPED, 0, ""));
  CHECK(done.code == 0);
  CHECK(done.text == "");
}
