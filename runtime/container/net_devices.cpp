#include "runtime/container/net_devices.hpp"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <set>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/namespaces.hpp"
#include "runtime/sys/path.hpp"
#include "runtime/sys/rtnetlink.hpp"

namespace coracle::container {
namespace {

// One device on its way.
struct Moving {
  std::string host_name;
  int host_index = 0;
  std::vector<sys::InterfaceAddress> addresses;  // that go with it
  std::string name;                              // inside; may be a template
  std::string landing_name;                      // inside, until it is renamed
};

// The network namespace of the container, and a way to act in it.
struct Target {
  sys::Fd name_space;
  sys::Rtnetlink rtnetlink;
};

Result<sys::Rtnetlink> open_rtnetlink_in(const sys::Fd& name_space) {
  sys::Entered entered;
  TRY(entered.enter(name_space, CLONE_NEWNET));
  return sys::Rtnetlink::open();
}

Result<Target> open_target(pid_t init) {
  const std::string path = "/proc/" + std::to_string(init) + "/ns/net";
  sys::Fd theirs = TRY(sys::open_namespace(path, CLONE_NEWNET));
  const sys::Fd ours =
      TRY(sys::open_namespace(sys::own_namespace_path(CLONE_NEWNET), CLONE_NEWNET));
  const struct stat their_status = TRY(sys::status_of(theirs));
  const struct stat our_status = TRY(sys::status_of(ours));
  if (their_status.st_ino == our_status.st_ino && their_status.st_dev == our_status.st_dev)
    return fail("the container shares the runtime's network namespace");
  sys::Rtnetlink rtnetlink = TRY(open_rtnetlink_in(theirs));
  return Target{.name_space = std::move(theirs), .rtnetlink = std::move(rtnetlink)};
}

// No other runtime's device has this name, wherever that one moves it: a
// template's outcome is unknown, and the device must be found again.
std::string unique_name(pid_t init, int index) {
  std::array<char, 16> name = {};  // IFNAMSIZ
  std::snprintf(name.data(), name.size(), "%x-%x", static_cast<unsigned>(init),
                static_cast<unsigned>(index));
  return name.data();
}

Result<Moving> find_device(sys::Rtnetlink& host, const std::string& host_name,
                           const std::string& new_name, pid_t init) {
  const auto link = TRY(host.find_link(host_name));
  if (!link || link->name != host_name)
    return fail("no network device " + in_quotes(host_name) +
                " in the runtime's network namespace");
  Moving moving = {.host_name = host_name,
                   .host_index = link->index,
                   .addresses = TRY(host.addresses(link->index)),
                   .name = new_name.empty() ? host_name : new_name,
                   .landing_name = {}};
  std::erase_if(moving.addresses, [](const sys::InterfaceAddress& address) {
    return !address.is_permanent_and_global();
  });
  moving.landing_name =
      sys::is_name_template(moving.name) ? unique_name(init, link->index) : moving.name;
  return moving;
}

Result<void> check_names(sys::Rtnetlink& inside, const std::vector<Moving>& devices) {
  std::set<std::string> names;
  for (const Moving& device : devices) {
    if (!names.insert(device.landing_name).second)
      return fail("two network devices would be " + in_quotes(device.name) + " in the container");
    const auto there = TRY(inside.find_link(device.landing_name));
    if (there)
      return fail("network device " + in_quotes(device.landing_name) +
                  " exists in the container's network namespace");
  }
  return {};
}

// `name` inside, and what came with it.
Result<void> set_up(sys::Rtnetlink& inside, const Moving& device) {
  const auto link = TRY(inside.find_link(device.landing_name));
  if (!link) return fail("it is gone from the container's network namespace");
  if (device.name != device.landing_name)
    TRY(inside.rename_link(link->index, device.name).context("name it " + in_quotes(device.name)));
  for (const sys::InterfaceAddress& address : device.addresses)
    TRY(inside.add_address(link->index, address).context("add an address"));
  return inside.set_link_up(link->index).context("set it up");
}

Result<void> move_all(const std::map<std::string, oci::NetDevice>& devices, pid_t init) {
  if (::geteuid() != 0) return fail("moving network devices needs a runtime that is root");
  Target target = TRY(open_target(init));
  sys::Rtnetlink host = TRY(sys::Rtnetlink::open());
  std::vector<Moving> found;
  for (const auto& [host_name, device] : devices) {
    Moving moving = TRY(find_device(host, host_name, device.name, init));
    found.push_back(std::move(moving));
  }
  TRY(check_names(target.rtnetlink, found));
  for (const Moving& device : found) {
    const std::string attempt = "move network device " + device.host_name;
    TRY(host.move_link(device.host_index, target.name_space, device.landing_name).context(attempt));
    TRY(set_up(target.rtnetlink, device).context(attempt));
  }
  return {};
}

}  // namespace

Result<void> move_net_devices(const std::map<std::string, oci::NetDevice>& devices, pid_t init) {
  if (devices.empty()) return {};
  return move_all(devices, init).context("linux.netDevices");
}

}  // namespace coracle::container
