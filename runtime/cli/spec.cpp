// `spec`: a config.json to start from.
#include <fcntl.h>
#include <unistd.h>

#include "oci-spec/default_spec.hpp"
#include "oci-spec/write.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cli {
namespace {

constexpr const char* config_file = "config.json";

constexpr std::array options = {
    Option{.name = "bundle",
           .letter = 'b',
           .value = "dir",
           .help = "the bundle's directory",
           .initial = "."},
    Option{.name = "rootless", .help = "one that runs without privileges"},
    help_option,
};

Result<int> run(const Globals&, const Arguments& arguments) {
  const sys::Fd bundle =
      TRY(sys::open_file(arguments.text("bundle"), O_RDONLY | O_DIRECTORY).context("spec"));
  auto file = sys::open_at(bundle, config_file, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (!file && file.error().code == EEXIST) return fail("File config.json exists. Remove it first");
  const sys::Fd config = TRY(std::move(file));
  const cgroup::Host host = TRY(cgroup::detect());
  const oci::Spec spec = oci::default_spec({.rootless = arguments.has("rootless"),
                                            .euid = ::geteuid(),
                                            .egid = ::getegid(),
                                            .cgroup_namespace = host.mode == cgroup::Mode::v2});
  TRY(sys::write_all(config, oci::write_spec(spec, true)).context(config_file));
  return 0;
}

}  // namespace

constexpr Command spec_command = {
    .name = "spec",
    .summary = "create a new specification file",
    .arguments = "",
    .description =
        "Writes config.json into the bundle; one that is there is left alone.  It runs\n"
        "sh in the directory rootfs.",
    .options = options,
    .run = run,
};

}  // namespace coracle::cli
