// Network interfaces by rtnetlink: find, move, rename, set up, and their addresses.  rtnetlink(7)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/netlink_message.hpp"

namespace coracle::sys {

struct Link {
  int index = 0;
  std::string name;
};

// One address of an interface.  Addresses are binary, in network byte order;
// empty: there is none.
struct InterfaceAddress {
  std::uint8_t family = 0;         // AF_*
  std::uint8_t prefix_length = 0;  // bits
  std::uint8_t scope = 0;          // RT_SCOPE_*
  std::uint32_t flags = 0;         // IFA_F_*
  std::string local;
  std::string address;  // the peer's on a point-to-point link; else as `local`
  std::string broadcast;
  std::optional<std::uint32_t> metric;  // of its route

  // Set by hand and meant for the world: what RFC 3549 calls permanent, and
  // of scope RT_SCOPE_UNIVERSE.
  bool is_permanent_and_global() const;

  bool operator==(const InterfaceAddress&) const = default;
};

// Interface names may end in "%d": the kernel puts the first free number there.
bool is_name_template(std::string_view name);

// A socket of the network namespace that the caller was in when it opened it:
// there it acts, wherever the caller goes.  Changes need CAP_NET_ADMIN.
class Rtnetlink {
 public:
  static Result<Rtnetlink> open();

  // By name or alternative name; nothing where there is none.
  Result<std::optional<Link>> find_link(const std::string& name);
  Result<std::vector<InterfaceAddress>> addresses(int index);

  // To the namespace, under `name`.  The interface goes down and loses its
  // addresses; MTU and MAC address stay.
  Result<void> move_link(int index, const Fd& network_namespace, const std::string& name);
  // The interface must be down; `name` may be a template.
  Result<void> rename_link(int index, const std::string& name);
  Result<void> set_link_up(int index);
  // Flags that the kernel itself sets are left to it.
  Result<void> add_address(int index, const InterfaceAddress& address);

 private:
  explicit Rtnetlink(Fd socket) : socket_(std::move(socket)) {}

  struct Answer {
    std::vector<std::string> payloads;
    bool interrupted = false;  // a dump that does not show one state
    bool complete = false;
  };

  Result<Answer> ask(const NetlinkRequest& request);
  Result<void> take(std::string_view packet, Answer& answer) const;

  Fd socket_;
  std::uint32_t sequence_ = 0;
};

// One RTM_NEWADDR of an answer; nothing when it is about another interface.
std::optional<InterfaceAddress> parse_address(std::string_view payload, int index);
// The request that gives `address` to interface `index`.
NetlinkRequest address_request(int index, const InterfaceAddress& address);

}  // namespace coracle::sys
