// Spec -> text, by the tables that read it: parse(write(x)) is x.
#pragma once

#include <string>

#include "oci-spec/config.hpp"

namespace coracle::oci {

// A config.json, indented by two spaces and ended by a line break, or on one
// line.  Fields that are absent or empty are left out.
std::string write_spec(const Spec& spec, bool indented);

// A process.json, in the same way.
std::string write_process(const Process& process, bool indented);

}  // namespace coracle::oci
