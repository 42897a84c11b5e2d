// One table of fields per struct, from which reading and writing are both
// derived.  A struct S takes part by specialising Fields:
//
//   template <>
//   struct Fields<Root> {
//     static constexpr auto table = std::tuple{
//         required("path", &Root::path),
//         optional("readonly", &Root::readonly),
//     };
//   };
//
// and an enum by specialising Words (words.hpp).  Codec<T>::read and ::write
// then work for it, and for vectors, optionals and maps of it.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "oci-spec/json.hpp"
#include "oci-spec/json_writer.hpp"
#include "oci-spec/words.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::oci {

// When a member is missing or null, the field keeps its default - unless it is
// `required`.  `optional` fields are not written while Codec::is_absent holds.
enum class Presence { required, optional, always_written };

template <class T>
struct Codec;

template <class S, class M, class C>
struct Field {
  using codec = C;  // reads and writes M
  std::string_view name;
  M S::*member;
  Presence presence;
};

// Another codec than Codec<M> is given where the JSON's shape differs.
template <class C = void, class S, class M>
constexpr auto field(std::string_view name, M S::*member, Presence presence) {
  using codec = std::conditional_t<std::is_void_v<C>, Codec<M>, C>;
  return Field<S, M, codec>{name, member, presence};
}

template <class C = void, class S, class M>
constexpr auto required(std::string_view name, M S::*member) {
  return field<C>(name, member, Presence::required);
}

template <class C = void, class S, class M>
constexpr auto optional(std::string_view name, M S::*member) {
  return field<C>(name, member, Presence::optional);
}

template <class C = void, class S, class M>
constexpr auto always_written(std::string_view name, M S::*member) {
  return field<C>(name, member, Presence::always_written);
}

template <class T>
struct Fields;  // static constexpr std::tuple table of Field

// --- codecs -----------------------------------------------------------------
//
//   expected             what an error asks for: "a string"
//   read(value)          refuses what does not fit, naming pointer and value
//   write(writer, x)     the inverse
//   is_absent(x)         nothing would be lost if x were left out

template <>
struct Codec<bool> {
  static constexpr std::string_view expected = "a boolean";
  static Result<bool> read(const json::Value& value) {
    if (value.kind() != json::Kind::boolean) return value.refuse(expected);
    return value.text() == "true";
  }
  static void write(json::Writer& out, bool truth) { out.boolean(truth); }
  static bool is_absent(bool truth) { return !truth; }
};

template <>
struct Codec<std::string> {
  static constexpr std::string_view expected = "a string";
  static Result<std::string> read(const json::Value& value) {
    if (value.kind() != json::Kind::string) return value.refuse(expected);
    // It would end there as soon as a system call sees it.
    if (value.text().contains('\0')) return value.refuse("a string without NUL bytes");
    return std::string(value.text());
  }
  static void write(json::Writer& out, const std::string& text) { out.string(text); }
  static bool is_absent(const std::string& text) { return text.empty(); }
};

template <std::integral T>
struct Codec<T> {
  static constexpr std::string_view name() {
    constexpr bool is_signed = std::is_signed_v<T>;
    switch (sizeof(T)) {
      case 1:
        return is_signed ? "an int8" : "a uint8";
      case 2:
        return is_signed ? "an int16" : "a uint16";
      case 4:
        return is_signed ? "an int32" : "a uint32";
      default:
        return is_signed ? "an int64" : "a uint64";
    }
  }
  static constexpr std::string_view expected = name();

  static Result<T> read(const json::Value& value) {
    if (value.kind() != json::Kind::number) return value.refuse(expected);
    const std::optional<T> number = parse_number<T>(value.text());
    if (!number) return value.refuse(expected);
    return *number;
  }
  static void write(json::Writer& out, T number) { out.integer(number); }
  static bool is_absent(T number) { return number == 0; }
};

template <class E>
requires std::is_enum_v<E>
struct Codec<E> {
  static constexpr std::string_view expected = "a string";
  static Result<E> read(const json::Value& value) {
    if (value.kind() != json::Kind::string) return value.refuse(expected);
    const std::optional<E> known = from_word<E>(value.text());
    if (!known) return value.refuse(any_word<E>());
    return *known;
  }
  static void write(json::Writer& out, E value) { out.string(word(value)); }
  static bool is_absent(E) { return false; }
};

template <class T>
struct Codec<std::optional<T>> {
  static constexpr std::string_view expected = Codec<T>::expected;
  static Result<std::optional<T>> read(const json::Value& value) {
    T inner = TRY(Codec<T>::read(value));
    return inner;
  }
  static void write(json::Writer& out, const std::optional<T>& held) {
    Codec<T>::write(out, *held);
  }
  static bool is_absent(const std::optional<T>& held) { return !held.has_value(); }
};

template <class T>
struct Codec<std::vector<T>> {
  static constexpr std::string_view expected = "an array";
  static Result<std::vector<T>> read(const json::Value& value) {
    if (value.kind() != json::Kind::array) return value.refuse(expected);
    std::vector<T> items;
    for (const json::Value& element : value.children()) {
      T item = TRY(Codec<T>::read(element));
      items.push_back(std::move(item));
    }
    return items;
  }
  static void write(json::Writer& out, const std::vector<T>& items) {
    if (items.empty()) return out.empty_array();
    out.begin_array();
    for (const T& item : items) Codec<T>::write(out, item);
    out.end_array();
  }
  static bool is_absent(const std::vector<T>& items) { return items.empty(); }
};

template <class T>
struct Codec<std::map<std::string, T>> {
  static constexpr std::string_view expected = "an object";
  static Result<std::map<std::string, T>> read(const json::Value& value) {
    if (value.kind() != json::Kind::object) return value.refuse(expected);
    std::map<std::string, T> items;
    for (const json::Value& member : value.children()) {
      if (member.key().contains('\0')) return member.fail_at("the name has a NUL byte");
      T item = TRY(Codec<T>::read(member));
      items.emplace(member.key(), std::move(item));
    }
    return items;
  }
  static void write(json::Writer& out, const std::map<std::string, T>& items) {
    if (items.empty()) return out.empty_object();
    out.begin_object();
    for (const auto& [key, item] : items) {
      out.key(key);
      Codec<T>::write(out, item);
    }
    out.end_object();
  }
  static bool is_absent(const std::map<std::string, T>& items) { return items.empty(); }
};

// Fills one struct from one object, in the order of the text.
template <class S>
class RecordReader {
 public:
  Result<S> read(const json::Value& value) && {
    if (value.kind() != json::Kind::object) return value.refuse("an object");
    for (const json::Value& member : value.children())
      if (!member.is_null()) TRY(take(member, indices{}));
    TRY(check_complete(value, indices{}));
    return std::move(record_);
  }

 private:
  static constexpr std::size_t count = std::tuple_size_v<decltype(Fields<S>::table)>;
  using indices = std::make_index_sequence<count>;

  // An unknown name matches no field and is ignored.  Spec: config.md#extensibility
  template <std::size_t... I>
  Result<void> take(const json::Value& member, std::index_sequence<I...>) {
    Result<void> done;
    std::ignore =
        ((member.key() == std::get<I>(Fields<S>::table).name && (done = assign<I>(member), true)) ||
         ...);
    return done;
  }

  template <std::size_t I>
  Result<void> assign(const json::Value& member) {
    constexpr const auto& field = std::get<I>(Fields<S>::table);
    using codec = typename std::remove_cvref_t<decltype(field)>::codec;
    record_.*field.member = TRY(codec::read(member));
    seen_[I] = true;
    return {};
  }

  template <std::size_t... I>
  Result<void> check_complete(const json::Value& value, std::index_sequence<I...>) {
    Result<void> done;
    std::ignore = ((!seen_[I] && (done = check_missing<I>(value), !done)) || ...);
    return done;
  }

  template <std::size_t I>
  Result<void> check_missing(const json::Value& value) {
    constexpr const auto& field = std::get<I>(Fields<S>::table);
    using codec = typename std::remove_cvref_t<decltype(field)>::codec;
    if (field.presence != Presence::required) return {};
    return value.fail_at("missing, expected " + std::string(codec::expected), field.name);
  }

  S record_{};
  std::array<bool, count> seen_{};
};

// Reading and writing by Fields<S>.  Codec<S> does just this; a codec of its
// own that wants one more check calls it.
template <class S>
struct RecordCodec {
  static constexpr std::string_view expected = "an object";

  static Result<S> read(const json::Value& value) { return RecordReader<S>().read(value); }

  static void write(json::Writer& out, const S& record) {
    if (is_empty(record)) return out.empty_object();
    out.begin_object();
    write_members(out, record);
    out.end_object();
  }

  // The members alone, for a writer that is inside the object and adds others.
  static void write_members(json::Writer& out, const S& record) {
    std::apply([&](const auto&... fields) { (write_member(out, record, fields), ...); },
               Fields<S>::table);
  }

  static bool is_absent(const S& record) { return is_empty(record); }

 private:
  template <class F>
  static bool is_written(const S& record, const F& field) {
    return field.presence != Presence::optional || !F::codec::is_absent(record.*field.member);
  }

  static bool is_empty(const S& record) {
    return std::apply([&](const auto&... fields) { return !(is_written(record, fields) || ...); },
                      Fields<S>::table);
  }

  template <class F>
  static void write_member(json::Writer& out, const S& record, const F& field) {
    if (!is_written(record, field)) return;
    out.key(field.name);
    F::codec::write(out, record.*field.member);
  }
};

template <class T>
struct Codec : RecordCodec<T> {};

}  // namespace coracle::oci
