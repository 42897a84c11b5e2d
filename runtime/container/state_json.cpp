// ContainerFacts by a table of fields, as config.json.
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

using container::ContainerFacts;

template <>
struct Fields<ContainerFacts> {
  static constexpr auto table = std::tuple{
      required("id", &ContainerFacts::id),
      required("ociVersion", &ContainerFacts::oci_version),
      required("init_process_pid", &ContainerFacts::pid),
      required("init_process_start", &ContainerFacts::start_time),
      required("created", &ContainerFacts::created),
      required("owner", &ContainerFacts::owner),
      always_written("rootless", &ContainerFacts::rootless),
      optional("restored", &ContainerFacts::restored),
      optional("external_descriptors", &ContainerFacts::external_descriptors),
      required("bundle", &ContainerFacts::bundle),
      required("rootfs", &ContainerFacts::rootfs),
      required<PathsCodec>("cgroup_paths", &ContainerFacts::cgroup_paths),
      optional("systemd_unit", &ContainerFacts::systemd_unit),
      optional("rdt_group", &ContainerFacts::rdt_group),
      optional("annotations", &ContainerFacts::annotations),
  };
};

}  // namespace coracle::oci

namespace coracle::container {

std::string render_facts(const ContainerFacts& facts) {
  oci::json::Writer out(oci::json::Layout::compact);
  oci::Codec<ContainerFacts>::write(out, facts);
  return std::move(out).text();
}

Result<ContainerFacts> parse_facts(std::string_view text, const std::string& name) {
  const oci::json::Document document = TRY(oci::json::parse(text, name));
  return oci::Codec<ContainerFacts>::read(document.root());
}

}  // namespace coracle::container
