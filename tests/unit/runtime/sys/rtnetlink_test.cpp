// Addresses in rtnetlink's messages.
#include "runtime/sys/rtnetlink.hpp"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <string>

#include <doctest/doctest.h>

using namespace coracle::sys;

namespace {

constexpr int index_of_eth0 = 7;

InterfaceAddress example() {
  return {.family = AF_INET,
          .prefix_length = 24,
          .scope = RT_SCOPE_UNIVERSE,
          .flags = IFA_F_NOPREFIXROUTE,
          .local = "\x0a\x01\x02\x03",
          .address = "\x0a\x01\x02\x03",
          .broadcast = "\x0a\x01\x02\xff",
          .metric = 300};
}

// The message's payload, behind the netlink header.
std::string payload_of(const NetlinkRequest& request) {
  return request.bytes(1).substr(sizeof(nlmsghdr));
}

}  // namespace

TEST_CASE("rtnetlink address: what is read is what is written") {
  const std::string payload = payload_of(address_request(index_of_eth0, example()));
  CHECK(parse_address(payload, index_of_eth0) == example());
}

TEST_CASE("rtnetlink address: those of other interfaces are passed over") {
  const std::string payload = payload_of(address_request(index_of_eth0, example()));
  CHECK_FALSE(parse_address(payload, 8).has_value());
  CHECK_FALSE(parse_address("short", index_of_eth0).has_value());
}

TEST_CASE("rtnetlink address: the kernel's own findings are not asked for") {
  InterfaceAddress address = example();
  address.flags = IFA_F_PERMANENT | IFA_F_TENTATIVE | IFA_F_SECONDARY | IFA_F_NODAD;
  const auto written = parse_address(payload_of(address_request(1, address)), 1);
  REQUIRE(written.has_value());
  CHECK(written->flags == IFA_F_NODAD);
}

TEST_CASE("rtnetlink address: what an address does not have is not written") {
  const InterfaceAddress bare = {
      .family = AF_INET6, .prefix_length = 64, .address = std::string(16, '\x20')};
  const std::string payload = payload_of(address_request(1, bare));
  const auto attributes = netlink_attributes(payload, sizeof(ifaddrmsg));
  CHECK(find_attribute(attributes, IFA_ADDRESS) == bare.address);
  for (const std::uint16_t type : {IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY})
    CHECK_FALSE(find_attribute(attributes, type).has_value());
}

TEST_CASE("rtnetlink address: flags beyond the header's eight are read") {
  const ifaddrmsg header = {.ifa_family = AF_INET,
                            .ifa_prefixlen = 32,
                            .ifa_flags = IFA_F_PERMANENT,
                            .ifa_scope = RT_SCOPE_UNIVERSE,
                            .ifa_index = 1};
  NetlinkRequest answer(RTM_NEWADDR, 0, header);
  CHECK(parse_address(payload_of(answer), 1)->flags == IFA_F_PERMANENT);
  answer.add_number(IFA_FLAGS, IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE);
  CHECK(parse_address(payload_of(answer), 1)->flags == (IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE));
}

TEST_CASE("rtnetlink address: permanent and of global scope, both") {
  InterfaceAddress address = example();
  CHECK_FALSE(address.is_permanent_and_global());
  address.flags |= IFA_F_PERMANENT;
  CHECK(address.is_permanent_and_global());
  for (const std::uint8_t scope : {RT_SCOPE_SITE, RT_SCOPE_LINK, RT_SCOPE_HOST}) {
    address.scope = scope;
    CHECK_FALSE(address.is_permanent_and_global());
  }
}

TEST_CASE("rtnetlink names: a number's place makes a template") {
  CHECK(is_name_template("net%d"));
  CHECK_FALSE(is_name_template("net0"));
}
