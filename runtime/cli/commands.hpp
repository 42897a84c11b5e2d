// The table of commands.
#pragma once

#include <span>
#include <string_view>

#include "runtime/cli/command.hpp"

namespace coracle::cli {

// One file each.
extern const Command checkpoint_command;
extern const Command create_command;
extern const Command delete_command;
extern const Command events_command;
extern const Command exec_command;
extern const Command features_command;
extern const Command kill_command;
extern const Command list_command;
extern const Command mounts_command;
extern const Command pause_command;
extern const Command ps_command;
extern const Command resume_command;
extern const Command restore_command;
extern const Command run_command;
extern const Command spec_command;
extern const Command start_command;
extern const Command state_command;
extern const Command update_command;

// In the order of the help text.
std::span<const Command* const> commands();

// Null for an unknown name.
const Command* find_command(std::string_view name);

}  // namespace coracle::cli
