// The fields of linux.seccomp.  Spec: config-linux.md#seccomp
#include "oci-spec/parse.hpp"

namespace coracle::oci {

template <>
struct Fields<SeccompArg> {
  static constexpr auto table = std::tuple{
      required("index", &SeccompArg::index),
      required("value", &SeccompArg::value),
      optional("valueTwo", &SeccompArg::value_two),
      required("op", &SeccompArg::op),
  };
};

template <>
struct Fields<SeccompSyscall> {
  static constexpr auto table = std::tuple{
      required("names", &SeccompSyscall::names),
      required("action", &SeccompSyscall::action),
      optional("errnoRet", &SeccompSyscall::errno_ret),
      optional("args", &SeccompSyscall::args),
  };
};

template <>
struct Fields<Seccomp> {
  static constexpr auto table = std::tuple{
      required("defaultAction", &Seccomp::default_action),
      optional("defaultErrnoRet", &Seccomp::default_errno_ret),
      optional("architectures", &Seccomp::architectures),
      optional("flags", &Seccomp::flags),
      optional("listenerPath", &Seccomp::listener_path),
      optional("listenerMetadata", &Seccomp::listener_metadata),
      optional("syscalls", &Seccomp::syscalls),
  };
};

Result<Seccomp> Codec<Seccomp>::read(const json::Value& value) {
  return RecordCodec<Seccomp>::read(value);
}

void Codec<Seccomp>::write(json::Writer& out, const Seccomp& seccomp) {
  RecordCodec<Seccomp>::write(out, seccomp);
}

}  // namespace coracle::oci
