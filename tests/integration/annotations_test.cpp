// Annotations that ask the runtime for something: crun's.
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/container_cgroup.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

void annotate(Bundle& bundle, const std::string& name, const std::string& value) {
  bundle.config["annotations"][name] = value;
}

// The command of a caller who is in more groups than root's own.
Outcome run_in_groups(const Bundle& bundle) {
  Program run = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  run.args.insert(run.args.begin(), {"setpriv", "--groups", "1234,4567"});
  return coracle::test::run(run);
}

Json shell_hook(const std::string& script) {
  return {{"path", "/bin/sh"}, {"args", {"sh", "-c", script}}};
}

std::string v2_cgroup_of(pid_t pid) {
  const std::string all = cgroups_of(pid);
  const std::size_t at = all.find("0::");
  return all.substr(at + 3, all.find('\n', at) - at - 3);
}

}  // namespace

TEST_CASE("annotation keep_original_groups: the program is in the caller's groups") {
  Bundle bundle;
  bundle.probe("ids");
  CHECK(run_in_groups(bundle).value("groups") == "");
  annotate(bundle, "run.oci.keep_original_groups", "1");
  CHECK(run_in_groups(bundle).value("groups") == "1234,4567");
  annotate(bundle, "run.oci.keep_original_groups", "0");
  CHECK(run_in_groups(bundle).value("groups") == "");
}

TEST_CASE("annotation keep_original_groups: in a user namespace they are kept unmapped") {
  Bundle bundle;
  bundle.map_ids(1'000'000);
  bundle.probe("ids");
  annotate(bundle, "run.oci.keep_original_groups", "1");
  CHECK(run_in_groups(bundle).value("groups") == "65534,65534");
}

TEST_CASE("annotations hooks.stdout and .stderr: every hook's output is appended there") {
  Bundle bundle;
  for (const char* name : {"prestart", "createRuntime", "createContainer", "poststart", "poststop"})
    bundle.config["hooks"][name] = {shell_hook("echo " + std::string(name) + "; echo E >&2")};
  // In the container, where the host's files are out of reach.
  bundle.add_busybox();
  bundle.config["hooks"]["startContainer"] = {shell_hook("echo startContainer; echo E >&2")};
  annotate(bundle, "run.oci.hooks.stdout", bundle.path("hooks.out"));
  annotate(bundle, "run.oci.hooks.stderr", "../hooks.err");
  write_file(bundle.path("hooks.out"), "before ");
  bundle.probe("fds");
  const Outcome outcome = bundle.run();
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK_FALSE(contains(outcome.out, "hooks."));  // the program has no such descriptor
  CHECK(words(read_file(bundle.path("hooks.out"))) ==
        "before prestart createRuntime createContainer startContainer poststart poststop");
  CHECK(words(read_file(bundle.path("hooks.err"))) == "E E E E E E");
}

TEST_CASE("annotation hooks.stdout: a file that cannot be opened fails the creation") {
  Bundle bundle;
  bundle.probe("ids");
  bundle.config["hooks"]["prestart"] = {shell_hook("true")};
  annotate(bundle, "run.oci.hooks.stdout", "/no/such/file");
  CHECK(contains(bundle.run().err, "run.oci.hooks.stdout: open /no/such/file: no such file"));
}

TEST_CASE("annotation delegate-cgroup: on v2 init runs in a sub-cgroup without limits of its own") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v2)) return;
  bundle.map_ids(1'000'000);
  add_namespace(bundle.config, "cgroup");
  annotate(bundle, "run.oci.delegate-cgroup", "payload/a");
  bundle.probe("wait-signal");
  bundle.launch();
  CHECK(v2_cgroup_of(bundle.pid()) == bundle.cgroup() + "/payload/a");
  const std::string top = cgroup_directories(bundle.cgroup()).front();
  struct stat facts = {};
  REQUIRE(::stat((top + "/payload/a/cgroup.procs").c_str(), &facts) == 0);
  CHECK(facts.st_uid == 1'000'000);
  CHECK(read_file(top + "/payload/a/cgroup.controllers") == read_file(top + "/cgroup.controllers"));
  // Its namespace's root is the container's cgroup, not the delegated one.
  CHECK(contains(bundle.command({"exec", bundle.id(), "/probe", "cat", "/proc/1/cgroup"}).out,
                 "0::/payload/a"));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("annotation delegate-cgroup: other places than pure v2 are refused with a reason") {
  for (const CgroupView view : possible_views()) {
    if (view == CgroupView::v2) continue;
    Bundle bundle;
    bundle.view = view;
    bundle.probe("ids");
    annotate(bundle, "run.oci.delegate-cgroup", "payload");
    CHECK(contains(bundle.run().err, "needs pure cgroup v2"));
  }
  Bundle bundle;
  bundle.config["linux"].erase("cgroupsPath");  // else systemd may be the manager
  bundle.probe("ids");
  annotate(bundle, "run.oci.delegate-cgroup", "payload");
  const Outcome outcome = bundle.command(
      {"--cgroup-manager", "disabled", "run", "--bundle", bundle.dir(), bundle.id()});
  CHECK(contains(outcome.err, "the cgroup manager is disabled"));
}

TEST_CASE("annotation seccomp.receiver: it stands in for a missing listenerPath") {
  const std::string number = std::to_string(SYS_getpriority);
  Bundle bundle;
  const DeliverySocket agent(bundle.path("agent"));
  bundle.config["linux"]["seccomp"] =
      seccomp({{{"names", {"getpriority"}}, {"action", "SCMP_ACT_NOTIFY"}}});
  annotate(bundle, "run.oci.seccomp.receiver", bundle.path("agent"));
  bundle.probe("seccomp " + number + " 0 0");
  Running running(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()}));
  const Delivery delivery = agent.receive();
  REQUIRE(delivery.fd >= 0);
  CHECK(Json::parse(delivery.text).at("state").at("id") == bundle.id());
  seccomp_notif call = {};
  REQUIRE(::ioctl(delivery.fd, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0);
  seccomp_notif_resp reply = {.id = call.id, .val = 0, .error = -EXDEV, .flags = 0};
  CHECK(::ioctl(delivery.fd, SECCOMP_IOCTL_NOTIF_SEND, &reply) == 0);
  ::close(delivery.fd);
  CHECK(running.wait().value("syscall." + number) == "EXDEV");
}

TEST_CASE("annotation seccomp_fail_unknown_syscall: a name that libseccomp lacks is refused") {
  Bundle bundle;
  bundle.config["linux"]["seccomp"] =
      seccomp({{{"names", {"no_such_call"}}, {"action", "SCMP_ACT_ERRNO"}}});
  bundle.probe("ids");
  CHECK(bundle.run().exit_code == 0);
  annotate(bundle, "run.oci.seccomp_fail_unknown_syscall", "1");
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK(contains(outcome.err, "does not know: no_such_call"));
}

TEST_CASE("annotation pidfd_receiver: the socket gets a pidfd of init") {
  Bundle bundle;
  const DeliverySocket receiver(bundle.path("receiver"));
  annotate(bundle, "run.oci.pidfd_receiver", bundle.path("receiver"));
  bundle.probe("exit 0");
  Running running(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()}));
  const Delivery delivery = receiver.receive();
  REQUIRE(delivery.fd >= 0);
  pollfd end = {.fd = delivery.fd, .events = POLLIN, .revents = 0};
  CHECK(::poll(&end, 1, 10'000 * patience()) == 1);
  ::close(delivery.fd);
  CHECK(running.wait().exit_code == 0);
}

TEST_CASE("annotation mount_context_type: a type that is none is refused") {
  Bundle bundle;
  bundle.probe("ids");
  annotate(bundle, "run.oci.mount_context_type", "fscontext");
  CHECK(bundle.run().exit_code == 0);
  annotate(bundle, "run.oci.mount_context_type", "othercontext");
  CHECK(contains(bundle.run().err, "is not context, fscontext, defcontext or rootcontext"));
}

TEST_CASE("annotations of handlers: WebAssembly and virtual machines are refused with a reason") {
  for (const char* handler : {"wasm", "krun"}) {
    Bundle bundle;
    bundle.probe("ids");
    annotate(bundle, "run.oci.handler", handler);
    const Outcome outcome = bundle.run();
    CHECK(outcome.exit_code == 1);
    CHECK(contains(outcome.err, "there is no handler for WebAssembly or virtual machines"));
  }
  Bundle bundle;
  bundle.probe("ids");
  annotate(bundle, "module.wasm.image/variant", "compat");
  CHECK(contains(bundle.run().err, "there is no handler for WebAssembly"));
  annotate(bundle, "module.wasm.image/variant", "compat-smart");
  CHECK(bundle.run().value("uid") == "0");
}
