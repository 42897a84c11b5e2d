// Default and configured device nodes, and the links beside them.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/plan/plan.hpp"

namespace {

using namespace coracle;
using namespace coracle::plan;

oci::Spec with_devices(std::vector<oci::Device> devices) {
  oci::Spec spec;
  spec.linux_.devices = std::move(devices);
  return spec;
}

oci::Device node(const std::string& path, std::int64_t major, std::int64_t minor) {
  oci::Device device;
  device.path = path;
  device.major = major;
  device.minor = minor;
  return device;
}

plan::Device planned(const oci::Spec& spec, const std::string& path) {
  const std::vector<plan::Device> devices = plan_devices(spec).value();
  const auto found = std::ranges::find(devices, path, &plan::Device::path);
  REQUIRE(found != devices.end());
  CHECK(std::ranges::count(devices, path, &plan::Device::path) == 1);
  return *found;
}

oci::Mount dev_mount(const std::string& type, std::vector<std::string> options) {
  oci::Mount mount;
  mount.destination = "/dev/";
  mount.type = type;
  mount.options = std::move(options);
  return mount;
}

}  // namespace

TEST_CASE("devices: the default ones are always there") {
  const std::vector<plan::Device> devices = plan_devices({}).value();
  CHECK(devices.size() == 6);
  for (const plan::Device& device : devices) {
    CHECK(device.is_default);
    CHECK(device.mode == (S_IFCHR | 0666));
    CHECK(device.uid == 0);
    CHECK(device.gid == 0);
  }
  CHECK(planned({}, "/dev/null").number == makedev(1, 3));
  CHECK(planned({}, "/dev/zero").number == makedev(1, 5));
  CHECK(planned({}, "/dev/full").number == makedev(1, 7));
  CHECK(planned({}, "/dev/random").number == makedev(1, 8));
  CHECK(planned({}, "/dev/urandom").number == makedev(1, 9));
  CHECK(planned({}, "/dev/tty").number == makedev(5, 0));
}

TEST_CASE("devices: a configured one replaces the default at its path") {
  oci::Device tty = node("/dev//tty", 5, 0);
  tty.file_mode = 0620;
  tty.gid = 5;
  const plan::Device device = planned(with_devices({tty}), "/dev/tty");
  CHECK_FALSE(device.is_default);
  CHECK(device.mode == (S_IFCHR | 0620));
  CHECK(device.gid == 5);
}

TEST_CASE("devices: the type is of the node, whatever fileMode says") {
  oci::Device disk = node("/dev/sda", 8, 0);
  disk.type = oci::DeviceType::block;
  disk.file_mode = S_IFCHR | 0600;
  disk.uid = 7;
  const plan::Device device = planned(with_devices({disk}), "/dev/sda");
  CHECK(device.mode == (S_IFBLK | 0600));
  CHECK(device.number == makedev(8, 0));
  CHECK(device.uid == 7);
}

TEST_CASE("devices: fileMode defaults to 0666, and a fifo has no number") {
  oci::Device fifo = node("/run/pipe", -1, -1);
  fifo.type = oci::DeviceType::fifo;
  const plan::Device device = planned(with_devices({fifo}), "/run/pipe");
  CHECK(device.mode == (S_IFIFO | 0666));
  CHECK(device.number == 0);
}

TEST_CASE("devices: /dev/ptmx is a link only") {
  CHECK(plan_devices(with_devices({node("/dev/ptmx", 5, 2)})).value().size() == 6);
  const std::vector<Link> links = plan_links({});
  const auto ptmx = std::ranges::find(links, "/dev/ptmx", &Link::path);
  REQUIRE(ptmx != links.end());
  CHECK(ptmx->target == "pts/ptmx");
}

TEST_CASE("devices: numbers beyond the kernel's are refused") {
  CHECK(plan_devices(with_devices({node("/dev/a", 4096, 0)})).error().text() ==
        "/linux/devices/0/major: 4096 is not in [0, 4096)");
  CHECK(plan_devices(with_devices({node("/dev/a", 1, -1)})).error().text() ==
        "/linux/devices/0/minor: -1 is not in [0, 1048576)");
  CHECK_FALSE(plan_devices(with_devices({node("", 1, 3)})).has_value());
}

TEST_CASE("devices: nothing is made in a /dev bound from the host") {
  for (const oci::Mount& mount :
       {dev_mount("bind", {}), dev_mount("none", {"ro", "rbind"}), dev_mount("", {"bind"})}) {
    oci::Spec spec = with_devices({node("/dev/fuse", 10, 229)});
    spec.mounts = {mount};
    CHECK(plan_devices(spec).value().empty());
    CHECK(plan_links(spec).empty());
  }
  oci::Spec spec;
  spec.mounts = {dev_mount("tmpfs", {"nosuid"})};
  CHECK(plan_devices(spec).value().size() == 6);
}

TEST_CASE("links: the standard streams point into /proc") {
  const std::vector<Link> links = plan_links({});
  const auto target = [&links](const std::string& path) {
    const auto found = std::ranges::find(links, path, &Link::path);
    return found == links.end() ? "" : found->target;
  };
  CHECK(target("/dev/fd") == "/proc/self/fd");
  CHECK(target("/dev/stdin") == "/proc/self/fd/0");
  CHECK(target("/dev/stdout") == "/proc/self/fd/1");
  CHECK(target("/dev/stderr") == "/proc/self/fd/2");
  CHECK(target("/dev/core") == "/proc/kcore");
}
