// bpf(2): loading, attaching and detaching a device program.
// Source: Documentation/bpf, bpf(2)
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "runtime/cgroup/devices.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup {
namespace {

// By which we tell our programs from others', systemd's for instance.
constexpr std::string_view program_name = "coracle_dev";
constexpr unsigned most_programs = 64;  // the kernel's bound for one cgroup

int bpf(bpf_cmd command, bpf_attr& attributes) {
  // EAGAIN: a signal came while the verifier was at work.
  constexpr int tries = 10;
  long result = -1;
  for (int i = 0; i < tries; ++i) {
    result = ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
    if (result >= 0 || errno != EAGAIN) break;
  }
  return static_cast<int>(result);
}

template <class T>
std::uint64_t address(const T* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

// Kernels before 5.11 count programs as locked memory: lifts the limit while
// it lives.  It must not stay: the container would inherit it.
class UnlimitedLockedMemory {
 public:
  UnlimitedLockedMemory() {
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    lifted_ =
        ::getrlimit(RLIMIT_MEMLOCK, &old_) == 0 && ::setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0;
  }
  UnlimitedLockedMemory(const UnlimitedLockedMemory&) = delete;
  UnlimitedLockedMemory& operator=(const UnlimitedLockedMemory&) = delete;
  ~UnlimitedLockedMemory() {
    if (lifted_) ::setrlimit(RLIMIT_MEMLOCK, &old_);
  }

 private:
  struct rlimit old_ = {};
  bool lifted_ = false;
};

Result<sys::Fd> load_once(const std::vector<bpf_insn>& program) {
  bpf_attr attributes = {};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = address(program.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.license = address("MIT");
  std::ranges::copy(program_name, attributes.prog_name);
  sys::Fd loaded(bpf(BPF_PROG_LOAD, attributes));
  if (!loaded) return fail_errno("bpf BPF_PROG_LOAD");
  return loaded;
}

Result<sys::Fd> load(const std::vector<bpf_insn>& program) {
  auto loaded = load_once(program);
  if (loaded || loaded.error().code != EPERM) return loaded;
  const UnlimitedLockedMemory lifted;
  return load_once(program);
}

Result<std::vector<std::uint32_t>> attached_ids(const sys::Fd& dir) {
  std::vector<std::uint32_t> ids(most_programs);
  bpf_attr attributes = {};
  attributes.query.target_fd = static_cast<std::uint32_t>(dir.get());
  attributes.query.attach_type = BPF_CGROUP_DEVICE;
  attributes.query.prog_ids = address(ids.data());
  attributes.query.prog_cnt = most_programs;
  if (bpf(BPF_PROG_QUERY, attributes) < 0) return fail_errno("bpf BPF_PROG_QUERY");
  ids.resize(std::min(attributes.query.prog_cnt, most_programs));
  return ids;
}

bool is_ours(const sys::Fd& program) {
  bpf_prog_info info = {};
  bpf_attr attributes = {};
  attributes.info.bpf_fd = static_cast<std::uint32_t>(program.get());
  attributes.info.info_len = sizeof info;
  attributes.info.info = address(&info);
  return bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) == 0 && info.name == program_name;
}

// Programs of ours that are attached to `dir` itself.  One that we may not
// look at is not ours.
Result<std::vector<sys::Fd>> attached_programs(const sys::Fd& dir) {
  const std::vector<std::uint32_t> ids = TRY(attached_ids(dir));
  std::vector<sys::Fd> programs;
  for (const std::uint32_t id : ids) {
    bpf_attr attributes = {};
    attributes.prog_id = id;
    sys::Fd program(bpf(BPF_PROG_GET_FD_BY_ID, attributes));
    if (program && is_ours(program)) programs.push_back(std::move(program));
  }
  return programs;
}

Result<void> attach(const sys::Fd& dir, const sys::Fd& program) {
  bpf_attr attributes = {};
  attributes.target_fd = static_cast<std::uint32_t>(dir.get());
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attributes) < 0) return fail_errno("bpf BPF_PROG_ATTACH");
  return {};
}

Result<void> detach(const sys::Fd& dir, const sys::Fd& program) {
  bpf_attr attributes = {};
  attributes.target_fd = static_cast<std::uint32_t>(dir.get());
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  if (bpf(BPF_PROG_DETACH, attributes) < 0) return fail_errno("bpf BPF_PROG_DETACH");
  return {};
}

}  // namespace

Result<void> attach_device_program(const std::string& dir, const std::vector<bpf_insn>& program) {
  const sys::Fd opened = TRY(sys::open_file(dir, O_RDONLY | O_DIRECTORY));
  const std::vector<sys::Fd> old = TRY(attached_programs(opened));
  if (!program.empty()) {
    const sys::Fd loaded = TRY(load(program));
    TRY(attach(opened, loaded));
  }
  // Until here both were in force: nothing was open to the container that
  // neither allows, and nothing closed that both allow.
  for (const sys::Fd& outdated : old) TRY(detach(opened, outdated));
  return {};
}

}  // namespace coracle::cgroup
