// Netlink messages as bytes: requests are built, answers taken apart.  netlink(7), rtnetlink(7)
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::sys {

// One request: a header of the family (ifinfomsg...), then attributes.
class NetlinkRequest {
 public:
  // RTM_*; NLM_F_* beside NLM_F_REQUEST.
  template <class Header>
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Header& header)
      : type_(type), flags_(flags) {
    static_assert(std::is_trivially_copyable_v<Header>);
    append({reinterpret_cast<const char*>(&header), sizeof header});
  }

  void add(std::uint16_t type, std::string_view bytes);
  void add_number(std::uint16_t type, std::uint32_t number);
  void add_text(std::uint16_t type, const std::string& text);  // with its NUL

  // The whole message, ready for send(2).
  std::string bytes(std::uint32_t sequence) const;

 private:
  void append(std::string_view part);  // and pads

  std::uint16_t type_;
  std::uint16_t flags_;
  std::string payload_;
};

// One message of an answer; `payload` points into the packet.
struct NetlinkMessage {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::string_view payload;
};

// All messages of one packet; one that reaches beyond it is an error.
Result<std::vector<NetlinkMessage>> parse_netlink(std::string_view packet);

// The start of `payload` as a T; nothing where it is shorter.
template <class T>
std::optional<T> netlink_header(std::string_view payload) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (payload.size() < sizeof(T)) return std::nullopt;
  T header;
  std::memcpy(&header, payload.data(), sizeof header);
  return header;
}

// The value points into the packet.
struct NetlinkAttribute {
  std::uint16_t type = 0;  // without the flags for nesting and byte order
  std::string_view value;
};

// The attributes after a header of `header_size` bytes; one that reaches
// beyond `payload` ends the list.
std::vector<NetlinkAttribute> netlink_attributes(std::string_view payload, std::size_t header_size);

// The value of the first attribute `type`.
std::optional<std::string_view> find_attribute(const std::vector<NetlinkAttribute>& attributes,
                                               std::uint16_t type);

// What NLMSG_ERROR and NLMSG_DONE say.
struct NetlinkVerdict {
  int code = 0;      // errno; 0: done
  std::string text;  // the kernel's own words, where it has some
};
// For sockets with NETLINK_CAP_ACK and NETLINK_EXT_ACK.
NetlinkVerdict parse_verdict(const NetlinkMessage& message);

}  // namespace coracle::sys
