// Command line texts -> what CRIU is to do.
#include "runtime/cli/criu_options.hpp"

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cli {
namespace {

using container::criu::CgroupMode;
using container::criu::NetworkLock;

Result<CgroupMode> cgroup_mode(const std::string& text) {
  if (text.empty()) return CgroupMode::default_;
  if (text == "soft") return CgroupMode::soft;
  if (text == "full") return CgroupMode::full;
  if (text == "strict") return CgroupMode::strict;
  if (text == "ignore") return CgroupMode::ignore;
  return fail("invalid manage-cgroups-mode value " + in_quotes(text) +
              ": not soft, full, strict or ignore");
}

Result<std::optional<NetworkLock>> network_lock(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "iptables") return NetworkLock::iptables;
  if (text == "nftables") return NetworkLock::nftables;
  if (text == "skip") return NetworkLock::skip;
  return fail("invalid network-lock value " + in_quotes(text) + ": not iptables, nftables or skip");
}

}  // namespace

Result<container::criu::PageServer> parse_page_server(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string_view address = text.substr(0, colon == text.npos ? 0 : colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  if (address.empty())
    return fail("invalid page-server value " + in_quotes(text) + ": not ADDRESS:PORT");
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0)
    return fail("invalid page-server value " + in_quotes(text) + ": the port is not in [1, 65536)");
  return container::criu::PageServer{.address = std::string(address), .port = *port};
}

Result<container::criu::Options> criu_options_from(const Arguments& arguments) {
  for (const std::string& name : arguments.list("empty-ns"))
    if (name != "network") return fail("namespace " + in_quotes(name) + " is not supported");
  return container::criu::Options{
      .manage_cgroups = TRY(cgroup_mode(arguments.text("manage-cgroups-mode"))),
      .network_lock = TRY(network_lock(arguments.text("network-lock"))),
      .tcp_established = arguments.has("tcp-established"),
      .ext_unix_sk = arguments.has("ext-unix-sk"),
      .shell_job = arguments.has("shell-job"),
      .file_locks = arguments.has("file-locks"),
      .auto_dedup = arguments.has("auto-dedup"),
      .lazy_pages = arguments.has("lazy-pages")};
}

Result<container::Images> images_from(const Arguments& arguments) {
  const std::string directory = arguments.text("image-path");
  const std::string work = arguments.text("work-path");
  container::Images images = {
      .directory = TRY(sys::absolute_path(directory.empty() ? "checkpoint" : directory)),
      .work = {}};
  if (!work.empty()) images.work = TRY(sys::absolute_path(work));
  return images;
}

}  // namespace coracle::cli
