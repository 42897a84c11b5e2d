// ContainerState by a table of fields, as config.json.
#include "runtime/container/state_json.hpp"

#include "oci-spec/parse.hpp"

namespace coracle::oci {

// As runc: hierarchies of v1 by controller, v2 under the empty name.
struct PathsCodec {
  using Texts = Codec<std::map<std::string, std::string>>;
  static constexpr std::string_view expected = Texts::expected;

  static Result<cgroup::Paths> read(const json::Value& value) {
    cgroup::Paths paths = {.v1 = TRY(Texts::read(value)), .v2 = {}};
    if (auto unified = paths.v1.extract(""); !unified.empty())
      paths.v2 = std::move(unified.mapped());
    return paths;
  }
  static void write(json::Writer& out, const cgroup::Paths& paths) {
    std::map<std::string, std::string> all = paths.v1;
    if (!paths.v2.empty()) all.emplace("", paths.v2);
    Texts::write(out, all);
  }
  static bool is_absent(const cgroup::Paths& paths) { return paths == cgroup::Paths{}; }
};

using container::ContainerState;

template <>
struct Fields<ContainerState> {
  static constexpr auto table = std::tuple{
      required("id", &ContainerState::id),
      required("ociVersion", &ContainerState::oci_version),
      required("init_process_pid", &ContainerState::pid),
      required("init_process_start", &ContainerState::start_time),
      required("created", &ContainerState::created),
      required("owner", &ContainerState::owner),
      always_written("rootless", &ContainerState::rootless),
      optional("restored", &ContainerState::restored),
      optional("external_descriptors", &ContainerState::external_descriptors),
      required("bundle", &ContainerState::bundle),
      required("rootfs", &ContainerState::rootfs),
      required<PathsCodec>("cgroup_paths", &ContainerState::cgroup_paths),
      optional("systemd_unit", &ContainerState::systemd_unit),
      optional("rdt_group", &ContainerState::rdt_group),
  };
};

}  // namespace coracle::oci

namespace coracle::container {

std::string render_state(const ContainerState& state) {
  oci::json::Writer out(oci::json::Layout::compact);
  oci::Codec<ContainerState>::write(out, state);
  return std::move(out).text();
}

Result<ContainerState> parse_state(std::string_view text, const std::string& name) {
  const oci::json::Document document = TRY(oci::json::parse(text, name));
  return oci::Codec<ContainerState>::read(document.root());
}

}  // namespace coracle::container
