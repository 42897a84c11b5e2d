# Cases: run with both runtimes, compared, printed as one line, and counted.

passed=0 failed=0 skipped=0 failed_both=0 beaten=0
number=0

# What a side's containers are called, so that they can be found and removed; the runtime's name
# is in $runtime while a case runs.
runtime=
box=
prefix=  # of the names of cases
remover=:  # what removes the containers of $box, after each case

heading() {
  printf '\n== %s\n%-78s %-8s %s\n' "$1" "" coracle runc
}

# run_parts FILE...: of subjects/, without their suffix.
run_parts() {
  local part
  for part in "$@"; do
    # shellcheck source=/dev/null
    source "$here/subjects/$part.bash"
  done
}

row() {
  printf '%-78s %-8s %s\n' "$1" "$2" "$3"
}

# check NAME COMMAND...: the command is to succeed with each of the runtimes, $runtime; both sides
# run at once, each with a directory of its own and names for its containers that start with $box.
check() {
  local name=$prefix$1
  shift
  # shellcheck disable=SC2254  # a pattern it is
  case $name in $pattern) ;; *) return 0 ;; esac
  number=$((number + 1))
  local directory=$scratch/cases/$number outcomes=() side pids=()
  for side in coracle runc; do
    mkdir -p "$directory/$side"
    take_side "$side" "$directory/$side" "$@" &
    pids+=($!)
  done
  for side in "${pids[@]}"; do
    if wait "$side"; then outcomes+=(passes); else outcomes+=(fails); fi
  done
  count "$name" "$directory" "${outcomes[@]}"
}

# long_check NAME COMMAND...: a case for --full alone.
long_check() {
  if $full; then check "$@"; else skip "$1" "takes long: run with --full"; fi
}

# Runs a case with one runtime; every command goes into the trace, with what it printed.
take_side() {
  runtime=$1 box=case$number-$1
  daemon_pids=()  # those that this side starts
  local trace=$2/trace
  shift
  cd "$1"
  shift
  exec </dev/null >>"$trace" 2>&1
  exec {BASH_XTRACEFD}>>"$trace"
  set -x
  trap 'set +ex; echo "-- clean up"; $remover; stop_daemons' EXIT
  "$@"
}

count() {
  local name=$1 directory=$2 outcome=$3/$4
  row "$name" "$3" "$4"
  case $outcome in
    passes/passes) passed=$((passed + 1)) ;;
    passes/fails) passed=$((passed + 1)) beaten=$((beaten + 1)) ;;
    fails/passes) failed=$((failed + 1)) ;;
    fails/fails) failed_both=$((failed_both + 1)) ;;
  esac
  [[ $outcome != fails/* ]] || show_trace coracle "$directory" 25
  [[ $outcome != fails/fails ]] || show_trace runc "$directory" 45
  [[ $outcome != passes/fails ]] || show_trace runc "$directory" 4
}

# show_trace SIDE DIRECTORY LINES: the last ones, without what every trace has.
show_trace() {
  printf '    -- %s:\n' "$1"
  sed '/^-- clean up$/,$d' "$2/$1/trace" | grep -Ev '^\++ (local -|set [-+][ex]|trap .*|cd .*)$' |
    tail -n "$3" | sed 's/^/    /' || true
}

# skip NAME WHY: counts a case that cannot be run.
skip() {
  # shellcheck disable=SC2254
  case $1 in $pattern) ;; *) return 0 ;; esac
  skipped=$((skipped + 1))
  printf '%-78s skipped: %s\n' "$1" "$2"
}

# needs SUBJECT PROGRAM...: false, with a counted skip, if one of the programs is not installed.
needs() {
  local subject=$1 program
  shift
  for program in "$@"; do
    type -P "$program" >/dev/null || { skip "$subject" "no $program here"; return 1; }
  done
}

summary() {
  printf '\n%d fail under both runtimes, %d pass with coracle alone\n' $failed_both $beaten
  printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
  [[ $failed -eq 0 ]]
}
