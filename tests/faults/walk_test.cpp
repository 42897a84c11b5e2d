// run and exec leave nothing and say what failed, whichever system call fails or is the last.
#include <doctest/doctest.h>

#include "tests/faults/walk.hpp"
#include "tests/support/summary.hpp"

using namespace coracle::test;

namespace {

struct V1 {
  static constexpr Place place = {.view = CgroupView::v1, .owner = Owner::root, .turn = 0};
};
struct V2 {
  static constexpr Place place = {.view = CgroupView::v2, .owner = Owner::root, .turn = 1};
};
struct V1Mapped {
  static constexpr Place place = {.view = CgroupView::v1, .owner = Owner::mapped, .turn = 2};
};
struct V2Mapped {
  static constexpr Place place = {.view = CgroupView::v2, .owner = Owner::mapped, .turn = 3};
};

template <class AnySubject>
void walk_in(const Place& place, int who, Kind kind) {
  if (const auto why = why_no_injection()) return skip_case(why->c_str());
  if (const auto why = why_not(place.view)) return skip_case(why->c_str());
  const AnySubject subject(place);
  walk(subject, who, kind, place);
}

}  // namespace

TYPE_TO_STRING(V1);
TYPE_TO_STRING(V2);
TYPE_TO_STRING(V1Mapped);
TYPE_TO_STRING(V2Mapped);

#define IN_EVERY_PLACE V1, V2, V1Mapped, V2Mapped

TEST_CASE_TEMPLATE("run: a system call of the host fails", At, IN_EVERY_PLACE) {
  walk_in<RunSubject>(At::place, 0, Kind::error);
}

TEST_CASE_TEMPLATE("run: a system call of init fails", At, IN_EVERY_PLACE) {
  walk_in<RunSubject>(At::place, 1, Kind::error);
}

TEST_CASE_TEMPLATE("run: the host is killed", At, IN_EVERY_PLACE) {
  walk_in<RunSubject>(At::place, 0, Kind::kill);
}

TEST_CASE_TEMPLATE("run: init is killed", At, IN_EVERY_PLACE) {
  walk_in<RunSubject>(At::place, 1, Kind::kill);
}

TEST_CASE_TEMPLATE("exec: a system call of the host fails", At, IN_EVERY_PLACE) {
  walk_in<ExecSubject>(At::place, 0, Kind::error);
}

TEST_CASE_TEMPLATE("exec: a system call of the joiner fails", At, IN_EVERY_PLACE) {
  walk_in<ExecSubject>(At::place, 1, Kind::error);
}

TEST_CASE_TEMPLATE("exec: a system call of the process fails", At, IN_EVERY_PLACE) {
  walk_in<ExecSubject>(At::place, 2, Kind::error);
}

TEST_CASE_TEMPLATE("exec: the host is killed", At, IN_EVERY_PLACE) {
  walk_in<ExecSubject>(At::place, 0, Kind::kill);
}

TEST_CASE_TEMPLATE("exec: the joiner is killed", At, IN_EVERY_PLACE) {
  walk_in<ExecSubject>(At::place, 1, Kind::kill);
}

TEST_CASE_TEMPLATE("exec: the process is killed", At, IN_EVERY_PLACE) {
  walk_in<ExecSubject>(At::place, 2, Kind::kill);
}

TEST_CASE_TEMPLATE("run: a system call of the host is interrupted", At, IN_EVERY_PLACE) {
  walk_in<RunSubject>(At::place, 0, Kind::interrupted);
}

TEST_CASE_TEMPLATE("run: a system call of init is interrupted", At, IN_EVERY_PLACE) {
  walk_in<RunSubject>(At::place, 1, Kind::interrupted);
}

TEST_CASE_TEMPLATE("exec: a system call of the host is interrupted", At, IN_EVERY_PLACE) {
  walk_in<ExecSubject>(At::place, 0, Kind::interrupted);
}
