// The text form of D-Bus values, as annotations have it.  Spec: GLib, "GVariant Text Format"
#pragma once

#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/dbus/value.hpp"

namespace coracle::dbus {

// "uint64 5", "'text'", "true", "['a', 'b']", "@as []", "<1>", "{'key': 1}".
// A number without a type is an int32, or a double where it has a point.  All
// elements of an array have the type of the first.  Refused: what D-Bus has no
// type for ("nothing"), more than 32 levels, anything after the value.  Pure.
Result<Value> parse_value(std::string_view text);

}  // namespace coracle::dbus
