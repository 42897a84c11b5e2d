// Which of a container's mounts are the host's: those CRIU neither dumps nor
// makes, but looks up under the names given here.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/container/criu.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/sys/mountinfo.hpp"

namespace coracle::container::criu {

// A configured mount at the place where links inside lead it.
struct PlacedMount {
  std::string path;  // absolute and clean, inside the container
  const plan::Mount* mount = nullptr;
};

// The one that `path` lies on: the deepest, of those at one place the last;
// null for the root file system.  Pure.
const PlacedMount* covering(const std::vector<PlacedMount>& placed, std::string_view path);

// Inside the container: the host's mounts that came along with a recursive
// bind, by their mount points.  What the container has mounted itself is its
// own.  Pure.
std::vector<std::string> mounts_below_binds(const std::vector<PlacedMount>& placed,
                                            const std::vector<sys::MountInfo>& inside,
                                            const std::vector<sys::MountInfo>& host);

// For a dump; init runs.
Result<std::vector<ExternalMount>> mounts_to_dump(const plan::Plan& plan, pid_t init);
// For a restore; `plan` is that of the new container.
Result<std::vector<ExternalMount>> mounts_to_restore(const plan::Plan& plan);

// Makes the mount points that are missing in the root file system and in bound
// directories, as a new container would find them.
Result<void> make_mount_points(const plan::Plan& plan);

// Tasks of a mapped root open the images themselves: shown to CRIU as theirs,
// where the file system can map ids.  Gives group 0 access to the directory and
// to timens-*.img, which hold clocks.
void add_mapped_images(Setup& setup, const plan::Plan& plan);

// Binds whose ids are mapped, which CRIU would forget: made beforehand, to
// stand over their sources.
Result<std::vector<StagedMount>> mapped_binds(const plan::Plan& plan);

}  // namespace coracle::container::criu
