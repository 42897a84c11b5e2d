// `state`: one container as JSON.
#include "runtime/cli/commands.hpp"
#include "runtime/cli/description.hpp"
#include "runtime/cli/output.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {help_option};

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  const auto container = TRY(container::describe(globals.root, id).context("state " + id));
  oci::json::Writer out(oci::json::Layout::indented);
  write_description(out, container, sys::read_file("/etc/passwd").value_or(""));
  TRY(print(std::move(out).text()));
  return 0;
}

}  // namespace

constexpr Command state_command = {
    .name = "state",
    .summary = "output the state of a container",
    .arguments = "<container-id>",
    .description =
        "Prints the state that the OCI runtime specification describes, with rootfs,\n"
        "created and owner.",
    .options = options,
    .least = 1,
    .most = 1,
    .quiet_stderr = true,
    .run = run,
};

}  // namespace coracle::cli
