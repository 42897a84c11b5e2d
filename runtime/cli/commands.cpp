// Which commands there are.
#include "runtime/cli/commands.hpp"

#include <algorithm>
#include <array>

namespace coracle::cli {

std::span<const Command* const> commands() {
  static constexpr std::array table = {
      &create_command, &delete_command, &features_command, &kill_command,  &list_command,
      &run_command,    &spec_command,   &start_command,    &state_command,
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
