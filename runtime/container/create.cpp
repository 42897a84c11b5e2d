#include "runtime/container/create.hpp"

#include "runtime/container/creation.hpp"
#include "runtime/container/own_binary.hpp"

namespace coracle::container {

Result<void> create(const CreateOptions& options) {
  sys::Fd own_binary = TRY(run_from_protected_binary());
  Made made = TRY(make_container(options, {.terminal = TerminalUse::console_socket,
                                           .starter = Starter::start_command,
                                           .own_binary = std::move(own_binary)}));
  made.init.detach();
  return {};
}

}  // namespace coracle::container
