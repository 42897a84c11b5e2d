// State <-> JSON.
#include "oci-spec/state.hpp"

namespace coracle::oci {

std::string_view to_string(Status status) {
  return word(status);
}

std::string write_state(const State& state) {
  json::Writer out(json::Layout::compact);
  Codec<State>::write(out, state);
  return std::move(out).text();
}

Result<State> parse_state(std::string_view text, std::string_view name) {
  const json::Document document = TRY(json::parse(text, name));
  return Codec<State>::read(document.root());
}

}  // namespace coracle::oci
