// Values with the types that follow from their parts.
#include "runtime/dbus/value.hpp"

#include <utility>

namespace coracle::dbus {
namespace {

Value container(std::string type, Value::Parts parts) {
  return {.type = std::move(type), .data = std::move(parts)};
}

}  // namespace

Value text(std::string value) {
  return {.type = "s", .data = std::move(value)};
}

Value boolean(bool value) {
  return {.type = "b", .data = value};
}

Value uint64(std::uint64_t value) {
  return {.type = "t", .data = value};
}

Value uint32(std::uint32_t value) {
  return {.type = "u", .data = std::uint64_t{value}};
}

Value array(const std::string& type, Value::Parts elements) {
  return container("a" + type, std::move(elements));
}

Value structure(Value::Parts members) {
  std::string type = "(";
  for (const Value& member : members) type += member.type;
  return container(type + ")", std::move(members));
}

Value variant(Value value) {
  Value::Parts parts;
  parts.push_back(std::move(value));
  return container("v", std::move(parts));
}

}  // namespace coracle::dbus
