// D-Bus values with their types.  Spec: D-Bus specification, "Type System"
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace coracle::dbus {

struct Value {
  using Parts = std::vector<Value>;

  std::string type;  // one complete type: "t", "as", "a(ss)", "{sv}", "v"
  // By the type's first character: b; y q u t; n i x; d; s o g; of a container
  // (a, (, {, v) its elements in order.
  std::variant<bool, std::uint64_t, std::int64_t, double, std::string, Parts> data;

  bool operator==(const Value&) const = default;
};

Value text(std::string value);
Value boolean(bool value);
Value uint64(std::uint64_t value);
Value uint32(std::uint32_t value);
// Elements of `type` each; there may be none.
Value array(const std::string& type, Value::Parts elements);
Value structure(Value::Parts members);
Value variant(Value value);

}  // namespace coracle::dbus
