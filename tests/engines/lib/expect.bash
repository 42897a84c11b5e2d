# What a case expects of a command; each is a command itself, so that they can be passed to check.
# The trace of a case shows what was expected, and what came.

# prints TEXT COMMAND...: it succeeds, and its output is TEXT.
prints() {
  local -
  set +x
  local expected=$1 output
  shift
  output=$("$@")
  output=${output//$'\r'/}
  [[ $output == "$expected" ]] || unexpected "'$expected'" "'$output'"
}

# matches REGEX COMMAND...: it succeeds, and its output has a match.
matches() {
  local -
  set +x
  local expected=$1 output
  shift
  output=$("$@")
  [[ $output =~ $expected ]] || unexpected "/$expected/" "'$output'"
}

# exits STATUS COMMAND...
exits() {
  local -
  set +x
  local expected=$1 status=0
  shift
  "$@" || status=$?
  [[ $status -eq $expected ]] || unexpected "exit status $expected" "$status"
}

# fails COMMAND...
fails() {
  local -
  set +x
  local status=0
  "$@" || status=$?
  [[ $status -ne 0 ]] || unexpected "another exit status than 0" 0
}

# refuses REGEX COMMAND...: it fails, and says why on stderr or stdout.
refuses() {
  local -
  set +x
  local expected=$1 output status=0
  shift
  output=$("$@" 2>&1) || status=$?
  [[ $status -ne 0 && $output =~ $expected ]] ||
    unexpected "a failure and /$expected/" "exit status $status and '$output'"
}

# refuses_with STATUS REGEX COMMAND...
refuses_with() {
  local -
  set +x
  local expected=$1 regex=$2 output status=0
  shift 2
  output=$("$@" 2>&1) || status=$?
  [[ $status -eq $expected && $output =~ $regex ]] ||
    unexpected "exit status $expected and /$regex/" "exit status $status and '$output'"
}

# eventually COMMAND...: it succeeds within 20 seconds, times $patience.
eventually() {
  within 20 "$@"
}

# within SECONDS COMMAND...: as eventually.  On a slow machine a look costs what is waited for.
within() {
  local -
  set +x
  local end=$((SECONDS + $1 * patience)) tries=0 pause=0.2
  [[ $patience -eq 1 ]] || pause=$(((patience + 4) / 5))
  shift
  until "$@"; do
    tries=$((tries + 1))
    if [[ $SECONDS -ge $end ]]; then
      unexpected "success in the end" "failure $tries times: $*"
      return 1
    fi
    sleep "$pause"
  done
}

# count_of COMMAND...: how far a program has counted in its file /count; COMMAND prints its process id.
count_of() {
  cat "/proc/$("$@")/root/count"
}

# counts_to NUMBER COMMAND...: it has come so far, or further.
counts_to() {
  [[ $(count_of "${@:2}") -ge $1 ]]
}

unexpected() {
  echo "expected $1, got $2" >&2
  return 1
}
