// Undoing one step unless the whole succeeds.
#pragma once

#include <utility>

namespace coracle {

// Runs `undo` when it goes out of scope, unless keep() was called.
template <class F>
class [[nodiscard]] Rollback {
 public:
  explicit Rollback(F undo) : undo_(std::move(undo)) {}
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;
  ~Rollback() {
    if (armed_) undo_();
  }

  void keep() { armed_ = false; }

 private:
  F undo_;
  bool armed_ = true;
};

}  // namespace coracle
