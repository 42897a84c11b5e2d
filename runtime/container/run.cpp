// create and start in one; in the foreground also wait and delete.
#include <sys/prctl.h>

#include "runtime/container/create.hpp"
#include "runtime/container/creation.hpp"
#include "runtime/container/foreground.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/own_binary.hpp"
#include "runtime/container/start.hpp"

namespace coracle::container {
namespace {

Result<void> delete_container(const std::string& root, const std::string& id) {
  for (std::string& warning : TRY(remove(root, id, true))) log::warn(std::move(warning));
  return {};
}

// A container that could not start is deleted: `run` leaves nothing.
Result<sys::Child> make_and_start(const RunOptions& options, sys::Fd& terminal) {
  const CreateOptions& create = options.create;
  const TerminalUse use = options.detach ? TerminalUse::console_socket : TerminalUse::caller;
  Made made = TRY(make_container(create, use));
  terminal = std::move(made.terminal);
  if (terminal) prepare_terminal(terminal);  // before the program can ask for it
  auto started = start_container(create.root, std::move(made.dir), made.state);
  if (started) return std::move(made.init);
  made.init = sys::Child();
  auto deleted = delete_container(create.root, create.id);
  if (!deleted) log::warn(deleted.error().text());
  return std::unexpected(std::move(started).error());
}

}  // namespace

Result<int> run(const RunOptions& options) {
  TRY(run_from_protected_binary());
  if (options.detach) {
    sys::Fd terminal;
    sys::Child init = TRY(make_and_start(options, terminal));
    init.detach();
    return 0;
  }
  if (!options.no_subreaper && ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    return fail_errno("become subreaper");
  const ForwardedSignals signals = TRY(ForwardedSignals::block());
  sys::Fd terminal;
  sys::Child init = TRY(make_and_start(options, terminal));
  const sys::Exit exit = TRY(follow(std::move(init), std::move(terminal), signals));
  if (!options.keep) TRY(delete_container(options.create.root, options.create.id));
  return exit.code();
}

}  // namespace coracle::container
