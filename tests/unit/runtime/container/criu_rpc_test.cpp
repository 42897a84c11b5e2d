// CRIU's messages: field numbers as in its images/rpc.proto.
#include "runtime/container/criu_rpc.hpp"

#include <sched.h>

#include <doctest/doctest.h>

#include "runtime/container/protobuf.hpp"

using namespace coracle;
using namespace coracle::container::criu;
using container::protobuf::Fields;
using container::protobuf::Message;

namespace {

Fields parsed(std::string_view bytes) {
  auto fields = Fields::parse(bytes);
  REQUIRE(fields.has_value());
  return *std::move(fields);
}

// The options of an encoded request.  Points into `bytes`.
Fields options_of(const std::string& bytes) {
  return parsed(parsed(bytes).text(2).value());
}

std::string encoded(Options options) {
  return encode({.type = RequestType::dump, .options = std::move(options)});
}

}  // namespace

TEST_CASE("criu request: the version is asked for with the connection kept open") {
  CHECK(encode({.type = RequestType::version, .keep_open = true}) == "\x08\x0a\x20\x01");
}

TEST_CASE("criu request: the answer to a notification") {
  CHECK(encode({.type = RequestType::notify, .notify_success = true}) == "\x08\x06\x18\x01");
  CHECK(encode({.type = RequestType::notify, .notify_success = false}) == "\x08\x06");
}

TEST_CASE("criu request: features to look at") {
  const std::string bytes =
      encode({.type = RequestType::feature_check, .features = Features{.lazy_pages = true}});
  const Fields features = parsed(parsed(bytes).text(5).value());
  CHECK_FALSE(features.is_true(1));
  CHECK(features.is_true(2));
}

TEST_CASE("criu request: what is not asked for is not there") {
  const std::string bytes = encoded({.images_dir_fd = 4, .work_dir_fd = 5});
  const Fields options = options_of(bytes);
  CHECK(options.number(1) == 4);
  CHECK(options.number(17) == 5);
  CHECK(options.is_true(12));        // notifications
  CHECK(options.number(34) == 6);    // CRIU's own cgroup mode
  CHECK(options.all().size() == 6);  // and log level, manage_cgroups
}

TEST_CASE("criu request: numbers and texts") {
  const std::string bytes = encoded({.log_file = "dump.log",
                                     .root = "/rootfs",
                                     .pid = 42,
                                     .manage_cgroups = CgroupMode::ignore,
                                     .freeze_cgroup = "/freezer",
                                     .config_file = "/conf",
                                     .parent_image = "../parent",
                                     .lsm_profile = "selinux:a",
                                     .lsm_mount_context = "b",
                                     .network_lock = NetworkLock::skip,
                                     .empty_network = true});
  const Fields options = options_of(bytes);
  CHECK(options.number(2) == 42);
  CHECK(options.text(10) == "dump.log");
  CHECK(options.text(13) == "/rootfs");
  CHECK(options.text(14) == "../parent");
  CHECK(options.number(34) == 0);
  CHECK(options.number(38) == CLONE_NEWNET);
  CHECK(options.text(44) == "/freezer");
  CHECK(options.text(51) == "/conf");
  CHECK(options.text(53) == "selinux:a");
  CHECK(options.text(63) == "b");
  CHECK(options.number(64) == 3);
}

TEST_CASE("criu request: every switch has its number") {
  const std::pair<bool Options::*, std::uint32_t> switches[] = {
      {&Options::leave_running, 3},       {&Options::ext_unix_sk, 4},
      {&Options::tcp_established, 5},     {&Options::evasive_devices, 6},
      {&Options::shell_job, 7},           {&Options::file_locks, 8},
      {&Options::track_mem, 15},          {&Options::auto_dedup, 16},
      {&Options::link_remap, 18},         {&Options::restore_as_sibling, 26},
      {&Options::tcp_skip_in_flight, 46}, {&Options::lazy_pages, 48},
      {&Options::orphan_pts_master, 50},  {&Options::tcp_close, 52},
      {&Options::skip_mode_check, 66}};
  for (const auto& [member, number] : switches) {
    CAPTURE(number);
    Options wanted;
    wanted.*member = true;
    const std::string bytes = encoded(wanted);
    const Fields options = options_of(bytes);
    CHECK(options.is_true(number));
    CHECK(options.all().size() == 7);
  }
}

TEST_CASE("criu request: lists are messages of their own") {
  const std::string bytes = encoded({.page_server = PageServer{.address = "::1", .port = 27},
                                     .external_mounts = {{"/data", "/srv/data"}},
                                     .external = {"net[5]:extRootNetNS"},
                                     .inherited_fds = {{"pipe:[9]", 1}},
                                     .joined_namespaces = {{"ipc", "/proc/7/ns/ipc"}},
                                     .cgroup_roots = {{"cpu,cpuacct", "/web1"}}});
  const Fields options = options_of(bytes);
  const Fields server = parsed(options.text(11).value());
  CHECK(server.text(1) == "::1");
  CHECK(server.number(2) == 27);
  CHECK(options.text(23) == "\x0a\x05/data\x12\x09/srv/data");
  CHECK(options.text(25) ==
        "\x0a\x0b"
        "cpu,cpuacct\x12\x05/web1");
  const Fields inherited = parsed(options.text(27).value());
  CHECK(inherited.text(1) == "pipe:[9]");
  CHECK(inherited.number(2) == 1);
  CHECK(options.text(37) == "net[5]:extRootNetNS");
  CHECK(options.text(39) == "\x0a\x03ipc\x12\x0e/proc/7/ns/ipc");
}

TEST_CASE("criu response: a notification with its process") {
  Message notify;
  notify.text(1, "post-restore");
  notify.number(2, 4711);
  Message message;
  message.number(1, 6);
  message.number(2, 1);
  message.message(5, notify);
  const auto response = decode(message.bytes());
  REQUIRE(response.has_value());
  CHECK(response->success);
  REQUIRE(response->notification.has_value());
  CHECK(response->notification->step == "post-restore");
  CHECK(response->notification->pid == 4711);
}

TEST_CASE("criu response: a failure with its reason") {
  Message message;
  message.number(1, 1);
  message.number(2, 0);
  message.number(7, 52);
  message.text(9, "Error (criu/x.c:1): no");
  const auto response = decode(message.bytes());
  REQUIRE(response.has_value());
  CHECK_FALSE(response->success);
  CHECK_FALSE(response->notification.has_value());
  CHECK(response->code == 52);
  CHECK(response->text == "Error (criu/x.c:1): no");
}

TEST_CASE("criu response: a release's version, and that of a commit after it") {
  Message version;
  version.number(1, 4);
  version.number(2, 1);
  version.number(4, 1);
  Message release;
  release.message(10, version);
  CHECK(decode(release.bytes())->version == 40101);
  version.text(3, "v4.1.1-12-gabcdef");
  Message commit;
  commit.message(10, version);
  CHECK(decode(commit.bytes())->version == 40200);
}

TEST_CASE("criu response: features") {
  Message features;
  features.number(1, 1);
  Message message;
  message.message(8, features);
  CHECK(decode(message.bytes())->features.mem_track);
  CHECK_FALSE(decode(message.bytes())->features.lazy_pages);
}

TEST_CASE("criu response: what is no message is an error") {
  CHECK_FALSE(decode("\x2a\x7fshort").has_value());
}
