// What hooks read on stdin and `state` prints.  Spec: runtime.md#state
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "oci-spec/fields.hpp"
#include "runtime/base/result.hpp"

namespace coracle::oci {

enum class Status { creating, created, running, paused, stopped };

// "creating"
std::string_view to_string(Status status);

struct State {
  std::string oci_version;
  std::string id;
  Status status = Status::creating;
  int pid = 0;         // as the reader's PID namespace sees it; 0: there is none, left out
  std::string bundle;  // absolute
  std::map<std::string, std::string> annotations;  // left out when empty
};

// One line of JSON without a line break.
std::string write_state(const State& state);

Result<State> parse_state(std::string_view text, std::string_view name = "state");

template <>
struct Words<Status> {
  static constexpr std::array table = std::to_array<Word<Status>>({
      {"creating", Status::creating},
      {"created", Status::created},
      {"running", Status::running},
      {"paused", Status::paused},
      {"stopped", Status::stopped},
  });
};

// Public because other objects hold a state: what a seccomp listener is sent,
// and what `state` prints.
template <>
struct Fields<State> {
  static constexpr auto table = std::tuple{
      required("ociVersion", &State::oci_version), required("id", &State::id),
      required("status", &State::status),          optional("pid", &State::pid),
      required("bundle", &State::bundle),          optional("annotations", &State::annotations),
  };
};

}  // namespace coracle::oci
