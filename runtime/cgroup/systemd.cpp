// Calls of org.freedesktop.systemd1.Manager, and the jobs that they start.
#include "runtime/cgroup/systemd.hpp"

#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "runtime/base/strings.hpp"

namespace coracle::cgroup::systemd {
namespace {

using namespace std::chrono_literals;
using dbus::Value;

constexpr std::chrono::seconds longest_wait = 30s;
constexpr const char* service = "org.freedesktop.systemd1";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";
constexpr std::string_view unit_exists = "org.freedesktop.systemd1.UnitExists";
constexpr std::string_view no_such_unit = "org.freedesktop.systemd1.NoSuchUnit";

dbus::Deadline deadline() {
  return std::chrono::steady_clock::now() + longest_wait;
}

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

// sd_booted(3): made by systemd early, and by nobody else.
bool manages_this_host() {
  struct stat facts = {};
  return ::lstat("/run/systemd/system", &facts) == 0 && S_ISDIR(facts.st_mode);
}

// D-Bus addresses have these bytes as they are, others as %XX.
std::string escaped(std::string_view path) {
  constexpr std::string_view hex = "0123456789abcdef";
  constexpr std::string_view plain = "-_/.\\*";
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool keeps = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       plain.find(c) != std::string_view::npos;
    text += keeps ? std::string(1, c) : std::string{'%', hex[byte >> 4], hex[byte & 0xf]};
  }
  return text;
}

std::string socket(const std::string& path) {
  return "unix:path=" + escaped(path);
}

Value property_list(std::span<const Property> properties) {
  Value::Parts entries;
  for (const Property& property : properties)
    entries.push_back(dbus::structure({dbus::text(property.name), dbus::variant(property.value)}));
  return dbus::array("(sv)", std::move(entries));
}

}  // namespace

std::vector<dbus::Address> addresses(Whose whose, const Environment& environment) {
  const auto direct = [](const std::string& path) {
    return dbus::Address{.text = socket(path), .has_daemon = false};
  };
  std::vector<dbus::Address> all;
  const std::string& runtime = environment.runtime_dir;
  switch (whose) {
    case Whose::system:
      all.push_back(direct("/run/systemd/private"));
      all.push_back({.text = environment.system_bus.empty() ? socket("/run/dbus/system_bus_socket")
                                                            : environment.system_bus});
      return all;
    case Whose::user:
      if (!runtime.empty()) all.push_back(direct(runtime + "/systemd/private"));
      if (!environment.session_bus.empty()) {
        all.push_back({.text = environment.session_bus});
      } else if (!runtime.empty()) {
        all.push_back({.text = socket(runtime + "/bus")});
      }
      return all;
  }
  return all;
}

int version_from(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const auto end = std::ranges::find_if(text, [](char c) { return c < '0' || c > '9'; });
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  return parse_number<int>(digits).value_or(-1);
}

Result<Manager> Manager::connect(Whose whose) {
  if (!manages_this_host())
    return fail("systemd not running on this host, cannot use systemd cgroups manager");
  const Environment environment = {.system_bus = variable("DBUS_SYSTEM_BUS_ADDRESS"),
                                   .session_bus = variable("DBUS_SESSION_BUS_ADDRESS"),
                                   .runtime_dir = variable("XDG_RUNTIME_DIR")};
  const std::vector<dbus::Address> known = addresses(whose, environment);
  if (known.empty())
    return fail(
        "the user's systemd cannot be found: neither XDG_RUNTIME_DIR nor "
        "DBUS_SESSION_BUS_ADDRESS is set");
  Bus bus = TRY(Bus::connect(known, deadline()).context("connect to systemd"));
  Manager manager(std::move(bus));
  const std::string version = TRY(manager.property("Version"));
  manager.version_ = version_from(version);
  if (whose == Whose::user) manager.control_group_ = TRY(manager.property("ControlGroup"));
  if (!manager.bus_.has_daemon()) return manager;
  // Of the jobs' ends only who asks is told.
  TRY(
      manager.bus_.subscribe("type='signal',sender='org.freedesktop.systemd1',"
                             "interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
                             deadline()));
  TRY(manager.call("Subscribe", {}, ""));
  return manager;
}

dbus::Reply Manager::call(const char* method, std::vector<Value> arguments,
                          const char* reply) const {
  return bus_
      .call({.method = {.destination = service,
                        .path = manager_path,
                        .interface = manager_interface,
                        .name = method},
             .arguments = std::move(arguments),
             .reply = reply},
            deadline())
      .context("systemd");
}

Result<std::string> Manager::property(const char* name) const {
  auto texts = TRY(bus_.call({.method = {.destination = service,
                                         .path = manager_path,
                                         .interface = "org.freedesktop.DBus.Properties",
                                         .name = "Get"},
                              .arguments = {dbus::text(manager_interface), dbus::text(name)},
                              .reply = "v"},
                             deadline())
                       .context(std::string("systemd: property ") + name));
  return std::move(texts.front());
}

// The job's result: "done", "failed", "canceled".
Result<std::string> Manager::await_job(const std::string& job) const {
  const dbus::Deadline end = deadline();
  while (true) {
    auto signal =
        TRY(bus_.next_signal(
                    {.interface = manager_interface, .name = "JobRemoved", .types = "uoss"}, end)
                .context("wait for systemd's job " + job));
    if (signal[1] == job) return std::move(signal[3]);
  }
}

Result<void> Manager::reset_failed(const std::string& unit) const {
  TRY(call("ResetFailedUnit", {dbus::text(unit)}, ""));
  return {};
}

Result<void> Manager::start_once(const Unit& unit, const Value& properties) const {
  const auto job = TRY(
      call("StartTransientUnit",
           {dbus::text(unit.name), dbus::text("replace"), properties, dbus::array("(sa(sv))", {})},
           "o"));
  const std::string result = TRY(await_job(job.front()));
  if (result == "done") return {};
  std::ignore = reset_failed(unit.name);  // the job's failure is what matters
  return fail("systemd could not start it: the job's result is " + in_quotes(result));
}

Result<void> Manager::start(const Unit& unit, std::span<const Property> properties) const {
  const Value list = property_list(properties);
  const std::string what = "start unit " + unit.name;
  auto started = start_once(unit, list);
  if (started || !is_error(started.error(), unit_exists)) return std::move(started).context(what);
  if (unit.is_slice()) return {};
  // What an earlier container of that name left behind.
  std::ignore = reset_failed(unit.name);  // the second attempt tells
  return start_once(unit, list).context(what);
}

Result<void> Manager::change(const std::string& unit, std::span<const Property> properties) const {
  if (properties.empty()) return {};
  TRY(call("SetUnitProperties", {dbus::text(unit), dbus::boolean(true), property_list(properties)},
           "")
          .context("change unit " + unit));
  return {};
}

Result<void> Manager::attach(const std::string& unit, const std::string& sub_cgroup,
                             pid_t pid) const {
  const Value pids = dbus::array("u", {dbus::uint32(static_cast<std::uint32_t>(pid))});
  TRY(call("AttachProcessesToUnit", {dbus::text(unit), dbus::text(sub_cgroup), pids}, "")
          .context("adding pid " + std::to_string(pid) + " to unit " + unit));
  return {};
}

Result<void> Manager::stop(const std::string& unit) const {
  auto job = call("StopUnit", {dbus::text(unit), dbus::text("replace")}, "o");
  if (!job && is_error(job.error(), no_such_unit)) return {};
  const auto path = TRY(std::move(job).context("stop unit " + unit));
  TRY(await_job(path.front()).context("stop unit " + unit));
  std::ignore = reset_failed(unit);  // it may not have failed
  return {};
}

}  // namespace coracle::cgroup::systemd
