// `list`: all containers below --root.
#include <sys/stat.h>

#include <functional>

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

Result<void> each_readable(const std::string& root,
                           const std::function<void(const container::Described&)>& each) {
  return container::list(root, [&](const Result<container::Described>& container) {
    if (container)
      each(*container);
    else
      container::log::warn(container.error().text());
  });
}

Result<std::string> list_ids(const std::string& root) {
  std::string text;
  TRY(each_readable(root, [&](const container::Described& container) {
    text.append(container.facts.id).append("\n");
  }));
  return text;
}

// Of none: "null", as Go writes an empty list, and as callers expect it.
Result<std::string> list_as_json(const std::string& root, std::string_view passwd) {
  oci::json::Writer out(oci::json::Layout::compact);
  bool any = false;
  out.begin_array();
  TRY(each_readable(root, [&](const container::Described& container) {
    write_description(out, container, passwd);
    any = true;
  }));
  out.end_array();
  return any ? std::move(out).text() + "\n" : "null\n";
}

Result<void> print_table(const std::string& root, std::string_view passwd) {
  Table table;
  TRY(each_readable(root,
                    [&](const container::Described& container) { table.add(container, passwd); }));
  for (std::string lines; !(lines = table.take_lines(100)).empty();) TRY(print(lines));
  return {};
}

// The default root need not be there: nobody has made a container yet.
Result<void> check_root(const Globals& globals) {
  struct stat status = {};
  if (globals.root_given && ::stat(globals.root.c_str(), &status) != 0)
    return fail_errno("stat " + globals.root);
  return {};
}

Result<void> print_list(const std::string& root, const Arguments& arguments) {
  if (arguments.has("quiet")) return print(TRY(list_ids(root)));
  const std::string passwd = sys::read_file("/etc/passwd").value_or("");
  if (arguments.text("format") == "table") return print_table(root, passwd);
  return print(TRY(list_as_json(root, passwd)));
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string format = arguments.text("format");
  if (format != "table" && format != "json") return fail("invalid format option");
  TRY(check_root(globals));
  TRY(print_list(globals.root, arguments));
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
