#include "runtime/sys/netlink_message.hpp"

#include <linux/netlink.h>

#include <algorithm>

namespace coracle::sys {
namespace {

// Messages and attributes start at multiples of four: NLMSG_ALIGN, NLA_ALIGN.
constexpr std::size_t aligned(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

void NetlinkRequest::append(std::string_view part) {
  payload_ += part;
  payload_.resize(aligned(payload_.size()));
}

void NetlinkRequest::add(std::uint16_t type, std::string_view bytes) {
  const nlattr header = {.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + bytes.size()),
                         .nla_type = type};
  append(bytes_of(header));
  append(bytes);
}

void NetlinkRequest::add_number(std::uint16_t type, std::uint32_t number) {
  add(type, bytes_of(number));
}

void NetlinkRequest::add_text(std::uint16_t type, const std::string& text) {
  add(type, {text.c_str(), text.size() + 1});
}

std::string NetlinkRequest::bytes(std::uint32_t sequence) const {
  const nlmsghdr header = {
      .nlmsg_len = static_cast<std::uint32_t>(sizeof(nlmsghdr) + payload_.size()),
      .nlmsg_type = type_,
      .nlmsg_flags = static_cast<std::uint16_t>(flags_ | NLM_F_REQUEST),
      .nlmsg_seq = sequence,
      .nlmsg_pid = 0};
  return std::string(bytes_of(header)) + payload_;
}

Result<std::vector<NetlinkMessage>> parse_netlink(std::string_view packet) {
  std::vector<NetlinkMessage> messages;
  while (!packet.empty()) {
    const auto header = netlink_header<nlmsghdr>(packet);
    if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > packet.size())
      return fail("netlink answer is cut after " + std::to_string(messages.size()) + " messages");
    const std::size_t size = header->nlmsg_len;
    messages.push_back({.type = header->nlmsg_type,
                        .flags = header->nlmsg_flags,
                        .sequence = header->nlmsg_seq,
                        .payload = packet.substr(sizeof(nlmsghdr), size - sizeof(nlmsghdr))});
    packet.remove_prefix(std::min(aligned(size), packet.size()));
  }
  return messages;
}

std::vector<NetlinkAttribute> netlink_attributes(std::string_view payload,
                                                 std::size_t header_size) {
  std::vector<NetlinkAttribute> attributes;
  payload.remove_prefix(std::min(aligned(header_size), payload.size()));
  while (const auto header = netlink_header<nlattr>(payload)) {
    const std::size_t size = header->nla_len;
    if (size < sizeof(nlattr) || size > payload.size()) break;
    attributes.push_back({.type = static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK),
                          .value = payload.substr(sizeof(nlattr), size - sizeof(nlattr))});
    payload.remove_prefix(std::min(aligned(size), payload.size()));
  }
  return attributes;
}

std::optional<std::string_view> find_attribute(const std::vector<NetlinkAttribute>& attributes,
                                               std::uint16_t type) {
  for (const NetlinkAttribute& attribute : attributes) {
    if (attribute.type == type) return attribute.value;
  }
  return std::nullopt;
}

NetlinkVerdict parse_verdict(const NetlinkMessage& message) {
  NetlinkVerdict verdict = {.code = -netlink_header<int>(message.payload).value_or(0), .text = {}};
  if ((message.flags & NLM_F_ACK_TLVS) == 0) return verdict;
  // The end of a dump has no copy of the request's header between.
  const std::size_t skipped = message.type == NLMSG_DONE ? sizeof(int) : sizeof(nlmsgerr);
  const auto text = find_attribute(netlink_attributes(message.payload, skipped), NLMSGERR_ATTR_MSG);
  if (text) verdict.text = std::string(text->substr(0, text->find('\0')));
  return verdict;
}

}  // namespace coracle::sys
