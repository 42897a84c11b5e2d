#include "runtime/sys/rtnetlink.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

namespace coracle::sys {
namespace {

constexpr std::size_t most_packet = 64 << 10;  // the kernel's dumps come in 32 KiB at most
constexpr int dump_attempts = 10;

// The others are the kernel's findings about an address, not wishes.
constexpr std::uint32_t settable_flags = IFA_F_NODAD | IFA_F_OPTIMISTIC | IFA_F_HOMEADDRESS |
                                         IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
                                         IFA_F_MCAUTOJOIN;

Result<void> turn_on(const Fd& socket, int option) {
  const int on = 1;
  if (::setsockopt(socket.get(), SOL_NETLINK, option, &on, sizeof on) != 0)
    return fail_errno("setsockopt of a netlink socket");
  return {};
}

Result<void> send_request(const Fd& socket, const std::string& bytes) {
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  const auto* address = reinterpret_cast<const sockaddr*>(&kernel);
  while (::sendto(socket.get(), bytes.data(), bytes.size(), 0, address, sizeof kernel) < 0) {
    if (errno != EINTR) return fail_errno("send to rtnetlink");
  }
  return {};
}

// The kernel answers while it takes the request: what is not there at once
// will never come.
Result<std::string> receive_answer(const Fd& socket) {
  std::string packet(most_packet, '\0');
  while (true) {
    sockaddr_nl sender = {};
    socklen_t size = sizeof sender;
    const ssize_t got =
        ::recvfrom(socket.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_TRUNC,
                   reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("receive from rtnetlink");
    // Who has CAP_NET_ADMIN in the container may send packets to our socket.
    if (sender.nl_pid != 0) continue;
    if (static_cast<std::size_t>(got) > packet.size()) return fail("rtnetlink answer is too long");
    packet.resize(static_cast<std::size_t>(got));
    return packet;
  }
}

ifinfomsg about_link(int index) {
  ifinfomsg header = {};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  return header;
}

std::string text_of(std::string_view value) {
  return std::string(value.substr(0, value.find('\0')));
}

std::string bytes_or_empty(const std::vector<NetlinkAttribute>& attributes, std::uint16_t type) {
  return std::string(find_attribute(attributes, type).value_or(std::string_view()));
}

}  // namespace

bool InterfaceAddress::is_permanent_and_global() const {
  return (flags & IFA_F_PERMANENT) != 0 && scope == RT_SCOPE_UNIVERSE;
}

bool is_name_template(std::string_view name) {
  return name.find('%') != std::string_view::npos;
}

std::optional<InterfaceAddress> parse_address(std::string_view payload, int index) {
  const auto header = netlink_header<ifaddrmsg>(payload);
  if (!header || header->ifa_index != static_cast<unsigned>(index)) return std::nullopt;
  const auto attributes = netlink_attributes(payload, sizeof(ifaddrmsg));
  InterfaceAddress address = {.family = header->ifa_family,
                              .prefix_length = header->ifa_prefixlen,
                              .scope = header->ifa_scope,
                              .flags = header->ifa_flags,
                              .local = bytes_or_empty(attributes, IFA_LOCAL),
                              .address = bytes_or_empty(attributes, IFA_ADDRESS),
                              .broadcast = bytes_or_empty(attributes, IFA_BROADCAST)};
  // The header has room for the first eight flags alone.
  if (const auto flags = find_attribute(attributes, IFA_FLAGS))
    address.flags = netlink_header<std::uint32_t>(*flags).value_or(address.flags);
  if (const auto metric = find_attribute(attributes, IFA_RT_PRIORITY))
    address.metric = netlink_header<std::uint32_t>(*metric);
  return address;
}

NetlinkRequest address_request(int index, const InterfaceAddress& address) {
  const ifaddrmsg header = {.ifa_family = address.family,
                            .ifa_prefixlen = address.prefix_length,
                            .ifa_flags = 0,
                            .ifa_scope = address.scope,
                            .ifa_index = static_cast<unsigned>(index)};
  NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, header);
  if (!address.local.empty()) request.add(IFA_LOCAL, address.local);
  if (!address.address.empty()) request.add(IFA_ADDRESS, address.address);
  if (!address.broadcast.empty()) request.add(IFA_BROADCAST, address.broadcast);
  if (address.metric) request.add_number(IFA_RT_PRIORITY, *address.metric);
  request.add_number(IFA_FLAGS, address.flags & settable_flags);
  return request;
}

Result<Rtnetlink> Rtnetlink::open() {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail_errno("socket for rtnetlink");
  TRY(turn_on(socket, NETLINK_EXT_ACK));
  TRY(turn_on(socket, NETLINK_CAP_ACK));
  return Rtnetlink(std::move(socket));
}

Result<void> Rtnetlink::take(std::string_view packet, Answer& answer) const {
  const std::vector<NetlinkMessage> messages = TRY(parse_netlink(packet));
  for (const NetlinkMessage& message : messages) {
    if (message.sequence != sequence_) continue;
    if ((message.flags & NLM_F_DUMP_INTR) != 0) answer.interrupted = true;
    if (message.type != NLMSG_ERROR && message.type != NLMSG_DONE) {
      answer.payloads.emplace_back(message.payload);
      continue;
    }
    answer.complete = true;
    const NetlinkVerdict verdict = parse_verdict(message);
    if (verdict.code != 0)
      return fail_errno(verdict.text.empty() ? "rtnetlink" : "rtnetlink: " + verdict.text,
                        verdict.code);
  }
  return {};
}

Result<Rtnetlink::Answer> Rtnetlink::ask(const NetlinkRequest& request) {
  TRY(send_request(socket_, request.bytes(++sequence_)));
  Answer answer;
  while (!answer.complete) {
    const std::string packet = TRY(receive_answer(socket_));
    TRY(take(packet, answer));
  }
  return answer;
}

Result<std::optional<Link>> Rtnetlink::find_link(const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, NLM_F_ACK, about_link(0));
  request.add_text(IFLA_IFNAME, name);
  auto asked = ask(request);
  if (!asked && asked.error().code == ENODEV) return std::nullopt;
  const Answer answer = TRY(std::move(asked).context("find network device " + name));
  for (const std::string& payload : answer.payloads) {
    const auto header = netlink_header<ifinfomsg>(payload);
    const auto attributes = netlink_attributes(payload, sizeof(ifinfomsg));
    const auto found = find_attribute(attributes, IFLA_IFNAME);
    if (header && found) return Link{.index = header->ifi_index, .name = text_of(*found)};
  }
  return std::nullopt;
}

Result<std::vector<InterfaceAddress>> Rtnetlink::addresses(int index) {
  const NetlinkRequest request(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
  Answer answer;
  for (int attempt = 0; attempt < dump_attempts; ++attempt) {
    answer = TRY(ask(request).context("list addresses"));
    if (!answer.interrupted) break;
  }
  if (answer.interrupted)
    return fail("list addresses: they changed " + std::to_string(dump_attempts) +
                " times while they were read");
  std::vector<InterfaceAddress> addresses;
  for (const std::string& payload : answer.payloads) {
    if (auto address = parse_address(payload, index)) addresses.push_back(*std::move(address));
  }
  return addresses;
}

Result<void> Rtnetlink::move_link(int index, const Fd& network_namespace, const std::string& name) {
  NetlinkRequest request(RTM_SETLINK, NLM_F_ACK, about_link(index));
  request.add_number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(network_namespace.get()));
  request.add_text(IFLA_IFNAME, name);
  TRY(ask(request));
  return {};
}

Result<void> Rtnetlink::rename_link(int index, const std::string& name) {
  NetlinkRequest request(RTM_SETLINK, NLM_F_ACK, about_link(index));
  request.add_text(IFLA_IFNAME, name);
  TRY(ask(request));
  return {};
}

Result<void> Rtnetlink::set_link_up(int index) {
  ifinfomsg header = about_link(index);
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  TRY(ask(NetlinkRequest(RTM_SETLINK, NLM_F_ACK, header)));
  return {};
}

Result<void> Rtnetlink::add_address(int index, const InterfaceAddress& address) {
  TRY(ask(address_request(index, address)));
  return {};
}

}  // namespace coracle::sys
