// A hostile bundle, every way in which somebody comes to run it, and the verdict of the host.
#include "tests/support/attack.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <optional>

#include <doctest/doctest.h>

#include "tests/support/sockets.hpp"

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

std::vector<Way> ways_of(const std::vector<Owner>& owners) {
  std::vector<Way> all;
  for (const Owner owner : owners) {
    for (const Command command : {Command::run, Command::create}) {
      for (const bool terminal : {false, true}) all.push_back({owner, command, terminal});
    }
  }
  return all;
}

}  // namespace

std::string Way::text() const {
  return std::string(command == Command::run ? "run" : "create") + " of " + name(owner) +
         (terminal ? " with a terminal" : "");
}

std::vector<Way> ways() {
  return ways_of({Owner::root, Owner::mapped});
}

std::vector<Way> ways_with_users() {
  return ways_of({Owner::root, Owner::mapped, Owner::user});
}

Attack::Attack(const Way& way) : victim(bundle.path("victim")), way_(way) {
  bundle.config["process"]["terminal"] = way.terminal;
}

Attack::~Attack() {
  if (std::uncaught_exceptions() == 0) {
    CHECK_MESSAGE(victim.changes() == "", "the victim was hit, by ", way_.text());
    CHECK_MESSAGE(host_.changes() == "", "the host was hit, by ", way_.text());
  }
  host_.restore();
}

void Attack::replace_by_link(const std::string& name, const std::string& target) const {
  fs::remove_all(bundle.rootfs() + name);
  fs::create_symlink(target, bundle.rootfs() + name);
}

void Attack::leave_dev_to_image() {
  for (const char* name : {"/dev", "/dev/pts", "/dev/shm"}) drop_mount(bundle.config, name);
}

Program Attack::maker(const std::vector<std::string>& under, bool detach) const {
  std::vector<std::string> args = {way_.command == Command::run ? "run" : "create"};
  if (detach && way_.command == Command::run) args.push_back("--detach");
  if (way_.terminal) args.insert(args.end(), {"--console-socket", bundle.path("console")});
  args.insert(args.end(), {"--bundle", bundle.dir(), bundle.id()});
  Program program = bundle.program(args);
  program.args.front() = runtime;
  program.args.insert(program.args.begin(), under.begin(), under.end());
  return program;
}

Outcome Attack::detached(const std::vector<std::string>& under) {
  std::optional<DeliverySocket> socket;
  if (way_.terminal) {
    socket.emplace(bundle.path("console"));
    REQUIRE(::chmod(bundle.path("console").c_str(), 0777) == 0);
  }
  Program program = maker(under, true);
  program.out_path = bundle.path("output");
  Outcome outcome = run(program);
  if (outcome.exit_code == 0) {
    const int console = way_.terminal ? socket->receive().fd : -1;
    if (way_.command == Command::create) outcome = bundle.start();
    outcome.out = way_.terminal ? read_terminal(console) : "";
    if (console >= 0) ::close(console);
    CHECK(bundle.reaches("stopped"));
  }
  if (!way_.terminal) outcome.out = bundle.output();
  fs::remove(bundle.path("console"));
  fs::remove(bundle.path("output"));
  bundle.remove({"--force"});
  return outcome;
}

Outcome Attack::attempt(const std::vector<std::string>& under) {
  if (!given_) give_to(bundle, way_.owner);
  given_ = true;
  if (way_.command == Command::run && !way_.terminal) return run(maker(under, false));
  return detached(under);
}

Besieged::~Besieged() {
  if (std::uncaught_exceptions() == 0)
    CHECK_MESSAGE(host_.changes() == "", "the host was hit from ", bundle.id());
  host_.restore();
}

}  // namespace coracle::test
