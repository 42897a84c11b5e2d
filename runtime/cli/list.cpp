// `list`: all containers below --root.
#include <sys/stat.h>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/description.hpp"
#include "runtime/cli/output.hpp"
#include "runtime/container/log.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {
    Option{.name = "format",
           .letter = 'f',
           .value = "format",
           .help = "\"table\" or \"json\"",
           .initial = "table"},
    Option{.name = "quiet", .letter = 'q', .help = "print ids alone"},
    help_option,
};

std::string render_ids(const std::vector<container::Described>& containers) {
  std::string text;
  for (const container::Described& container : containers)
    text.append(container.facts.id).append("\n");
  return text;
}

// Of none: "null", as Go writes an empty list, and as callers expect it.
std::string render_json(const std::vector<container::Described>& containers,
                        std::string_view passwd) {
  if (containers.empty()) return "null\n";
  oci::json::Writer out(oci::json::Layout::compact);
  out.begin_array();
  for (const container::Described& container : containers)
    write_description(out, container, passwd);
  out.end_array();
  return std::move(out).text() + "\n";
}

// The default root need not be there: nobody has made a container yet.
Result<void> check_root(const Globals& globals) {
  struct stat status = {};
  if (globals.root_given && ::stat(globals.root.c_str(), &status) != 0)
    return fail_errno("stat " + globals.root);
  return {};
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string format = arguments.text("format");
  if (format != "table" && format != "json") return fail("invalid format option");
  TRY(check_root(globals));
  const container::Listing listing = TRY(container::list(globals.root));
  for (const Error& error : listing.unreadable) container::log::warn(error.text());
  if (arguments.has("quiet")) {
    TRY(print(render_ids(listing.containers)));
    return 0;
  }
  const std::string passwd = sys::read_file("/etc/passwd").value_or("");
  TRY(print(format == "json" ? render_json(listing.containers, passwd)
                             : render_table(listing.containers, passwd)));
  return 0;
}

}  // namespace

constexpr Command list_command = {
    .name = "list",
    .summary = "lists containers started with the given root",
    .arguments = "",
    .description = "The root is that of the global option --root.",
    .options = options,
    .quiet_stderr = true,
    .run = run,
};

}  // namespace coracle::cli
