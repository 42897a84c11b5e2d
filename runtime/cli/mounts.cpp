// `mounts`: mounts added to a container that runs, and removed from it.
#include <fcntl.h>
#include <unistd.h>

#include "oci-spec/parse.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/container/change_mounts.hpp"
#include "runtime/container/own_binary.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {help_option};

Result<std::vector<oci::Mount>> read_mounts(const std::string& path) {
  if (path != "-") return oci::parse_mounts(TRY(sys::read_file(path)), path);
  const std::string text =
      TRY(sys::read_all(sys::Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3))).context("read stdin"));
  return oci::parse_mounts(text, "stdin");
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& action = arguments.positional[0];
  const std::string& id = arguments.positional[1];
  if (action != "add" && action != "remove")
    return fail("unknown action " + in_quotes(action) + ": not add or remove");
  // It executes us again: stdin must not have been read by then.
  const sys::Fd own_binary = TRY(container::run_from_protected_binary());
  std::vector<oci::Mount> mounts = TRY(read_mounts(arguments.positional[2]));
  auto done = action == "add" ? container::add_mounts(globals.root, id, std::move(mounts))
                              : container::remove_mounts(globals.root, id, mounts);
  TRY(std::move(done).context("mounts " + action + " " + id));
  return 0;
}

}  // namespace

constexpr Command mounts_command = {
    .name = "mounts",
    .summary = "add mounts to a running container, or remove them",
    .arguments = "<add|remove> <container-id> <file>",
    .description =
        "The file, - for stdin, is a JSON list like `mounts` in config.json.  All of its\n"
        "mounts are made, or none; of those to be removed the destination alone counts.\n"
        "A running container takes bind mounts and new file systems such as tmpfs.",
    .options = options,
    .least = 3,
    .most = 3,
    .run = run,
};

}  // namespace coracle::cli
