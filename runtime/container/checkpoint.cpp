// A running container to image files.
#include "runtime/container/checkpoint.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <tuple>

#include "runtime/container/criu.hpp"
#include "runtime/container/criu_mounts.hpp"
#include "runtime/container/criu_request.hpp"
#include "runtime/container/criu_stdio.hpp"
#include "runtime/container/host_facts.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/mount_requests.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/container/status.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {
namespace {

constexpr const char* log_file = "dump.log";
constexpr mode_t directory_mode = 0700;

Result<void> check_dumpable(const ContainerState& state) {
  const oci::Status status = TRY(status_of(state));
  switch (status) {
    case oci::Status::running:
    case oci::Status::paused:
      return {};
    case oci::Status::creating:
    case oci::Status::created:
    case oci::Status::stopped:
      break;
  }
  return fail("container cannot be checkpointed in the " + std::string(oci::to_string(status)) +
              " state");
}

Result<void> check_status_fd(const std::optional<int>& fd) {
  if (!fd) return {};
  const int flags = ::fcntl(*fd, F_GETFL);
  const std::string name = "--status-fd " + std::to_string(*fd);
  if (flags < 0) return fail_errno(name);
  if ((flags & O_ACCMODE) == O_RDONLY) return fail(name + " is not open for writing");
  return {};
}

// A link to it goes into the images: only a relative one survives a move.
Result<void> check_parent(const std::string& parent, const std::string& images) {
  if (parent.empty()) return {};
  if (parent.starts_with('/')) return fail("--parent-path must be relative");
  const auto directory = sys::open_file(images + "/" + parent, O_PATH | O_DIRECTORY);
  if (directory) return {};
  return std::unexpected(Error(directory.error()).context("invalid --parent-path"));
}

// What CRIU would only tell after the container was stopped for it.
Result<void> check_features(criu::Session& session, const CheckpointOptions& options) {
  if (!options.pre_dump && !options.criu.lazy_pages) return {};
  const criu::Features there =
      TRY(session.features({.mem_track = true, .lazy_pages = options.criu.lazy_pages}));
  if (options.pre_dump && !there.mem_track)
    return fail("--pre-dump: this kernel does not track changes of memory for criu");
  if (options.criu.lazy_pages && !there.lazy_pages)
    return fail("--lazy-pages: this kernel has no userfaultfd that criu can use");
  return {};
}

// The plan as it was at create: which mounts there are, and of which kind.
Result<plan::Plan> plan_again(const ContainerState& state, const cgroup::Host& host) {
  const plan::HostFacts facts = TRY(read_host_facts(state.spec, host));
  plan::Plan plan =
      TRY(plan::make_plan(state.spec, facts, {.bundle = state.bundle, .id = state.id}));
  plan.mounts = TRY(without_copied_links(std::move(plan.mounts)));
  plan.cgroup_hierarchies = cgroup_views(host, state.cgroup_paths);
  return plan;
}

Result<criu::Options> request_for(const CheckpointOptions& options, const ContainerState& state,
                                  const sys::Fd& images) {
  criu::Options request = criu::with_files(options.criu, log_file, state.spec.annotations);
  const cgroup::Host host = TRY(cgroup_host_of(state));
  request.pid = state.pid;
  request.root = state.rootfs;
  request.freeze_cgroup = criu::freezer_of(host, state.cgroup_paths);
  request.track_mem = options.pre_dump || !request.parent_image.empty();
  request.external = TRY(criu::namespaces_to_leave_out(state.spec.linux_, state.pid));
  if (options.pre_dump) return request;
  const plan::Plan plan = TRY(plan_again(state, host));
  request.external_mounts = TRY(criu::mounts_to_dump(plan, state.pid).context("mounts"));
  const std::vector<std::string> keys =
      TRY(criu::stdio_keys(state.external_descriptors, state.pid).context("stdio"));
  for (const std::string& file : criu::external_files(keys)) request.external.push_back(file);
  TRY(criu::write_descriptors(images, keys).context(options.images.directory));
  return request;
}

// The reader waits for the byte, then for the end of the file.
void tell_ready(int status_fd) {
  const sys::Fd fd(status_fd);
  std::ignore = sys::write_all(fd, {"", 1});  // the reader may be gone
}

Result<void> dump(const CheckpointOptions& options, const ContainerState& state) {
  const std::string& directory = options.images.directory;
  const std::string& work = criu::log_directory(options.images);
  TRY(sys::make_directories(directory, directory_mode));
  TRY(sys::make_directories(work, directory_mode));
  const sys::Fd images = TRY(sys::open_file(directory, O_RDONLY | O_DIRECTORY));
  TRY(check_parent(options.criu.parent_image, directory));
  criu::Session session =
      TRY(criu::Session::start({.images = directory,
                                .work = work,
                                .own_mounts = criu::has_own_mounts(state.spec.linux_),
                                .root = {},
                                .staged = {},
                                .fds = {}}));
  TRY(check_features(session, options));
  criu::Options request = TRY(request_for(options, state, images));
  const auto type = options.pre_dump ? criu::RequestType::pre_dump : criu::RequestType::dump;
  return session.perform(
      type, std::move(request),
      [&](const criu::Notification& notification, const std::vector<sys::Fd>&) -> Result<void> {
        if (notification.step == "status-ready" && options.status_fd)
          tell_ready(*options.status_fd);
        return {};
      });
}

}  // namespace

Result<void> checkpoint(const CheckpointOptions& options) {
  TRY(sys::close_on_exec_from(3));
  TRY(check_status_fd(options.status_fd));
  StateDir dir = TRY(StateDir::open(options.root, options.id));
  const ContainerState state = TRY(dir.load());
  TRY(check_dumpable(state));
  TRY(dump(options, state));
  if (options.pre_dump || options.criu.leave_running) return {};
  const cgroup::Cgroup cgroup = TRY(cgroup_of(state));
  for (std::string& warning : TRY(remove_held(dir, state, cgroup))) log::warn(std::move(warning));
  return {};
}

}  // namespace coracle::container
