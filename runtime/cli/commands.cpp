// Which commands there are.
#include "runtime/cli/commands.hpp"

#include <algorithm>
#include <array>

namespace coracle::cli {

std::span<const Command* const> commands() {
  static constexpr std::array table = {
      &checkpoint_command, &create_command, &delete_command,  &events_command, &exec_command,
      &features_command,   &kill_command,   &list_command,    &mounts_command, &pause_command,
      &ps_command,         &resume_command, &restore_command, &run_command,    &spec_command,
      &start_command,      &state_command,  &update_command,
  };
  return table;
}

const Command* find_command(std::string_view name) {
  const auto all = commands();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Command* command) { return command->name == name; });
  return found == all.end() ? nullptr : *found;
}

}  // namespace coracle::cli
