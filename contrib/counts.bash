# shellcheck shell=bash
# Sums of the line that tests end with, "N passed, N failed, N skipped".  To be sourced.

# shellcheck disable=SC2034  # for who sources this
passed=0 failed=0 skipped=0

# add_counts LOG STATUS: adds those of the log's last such line.  A failure more where there is
# none, because the tests did not come to their end, and where only the status tells of one.
add_counts() {
  local line
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$1" | tail -n 1) || true
  if [[ ! $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + BASH_REMATCH[1]))
  failed=$((failed + BASH_REMATCH[2]))
  skipped=$((skipped + BASH_REMATCH[3]))
  [[ $2 -eq 0 || ${BASH_REMATCH[2]} -gt 0 ]] || failed=$((failed + 1))
}
