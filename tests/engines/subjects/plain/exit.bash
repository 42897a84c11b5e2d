# Exit statuses, and the texts that engines look for.

coracle_by_name() {
  local name=coracle
  [[ $runtime == coracle ]] || name=runc
  prints hello docker run --rm --runtime="$name" busybox echo hello
}

killed_with() {
  start --init -- sh -c "trap 'exit 9' HUP; echo ready; while :; do sleep 0.1; done"
  eventually logged ready
  docker kill --signal "$1" "$box" >/dev/null
  prints "$2" docker wait "$box"
}

stopped() {
  start -- sh -c 'while :; do sleep 0.1; done'
  docker stop --time 1 "$box" >/dev/null
  prints "$1" field .State.ExitCode
}

stopped_by_own_signal() {
  start --stop-signal USR1 -- sh -c 'trap "exit 8" USR1; echo ready; while :; do sleep 0.1; done'
  eventually logged ready
  docker stop --time 20 "$box" >/dev/null
  prints 8 field .State.ExitCode
}

stopped_by_term() {
  start "$@" -- sleep 1000
  docker stop --time 20 "$box" >/dev/null
  prints 143 field .State.ExitCode
}

exec_exits() {
  start -- sleep 1000
  exits "$1" docker exec "$box" "${@:2}"
}

exec_refuses() {
  start -- sleep 1000
  refuses_with "$1" "$2" docker exec "$box" "${@:3}"
}

# Which status it has is for the version of Docker.
exec_finds_nothing() {
  start -- sleep 1000
  refuses "executable file not found in .PATH" docker exec "$box" no-such-program
}

check "a program's output is docker run's" prints hello run -- echo hello
check "runtime by name: --runtime with what --add-runtime registered" coracle_by_name
check "exit status 0" exits 0 run -- true
check "exit status 7" exits 7 run -- sh -c 'exit 7'
check "exit status 125: an option that the daemon refuses" \
  refuses_with 125 "invalid" run --cap-add NO_SUCH_CAPABILITY -- true
check "exit status 127: a sysctl that the kernel does not have" \
  refuses_with 127 "no such file or directory" run --sysctl net.no_such_name=1 -- true
check "exit status 126: a program that may not be executed" \
  refuses_with 126 "permission denied" run -- /etc/plain-file
check "exit status 126: a directory" refuses_with 126 "permission denied|is a directory" run -- /etc
check "exit status 127: a program that is not in PATH" \
  refuses_with 127 "executable file not found in .PATH" run -- no-such-program
check "exit status 127: a path that does not exist" \
  refuses_with 127 "no such file or directory" run -- /no/such/program
check "exit status 137: a program that ignores SIGTERM is killed by stop" stopped 137
check "exit status 143: --init passes SIGTERM of stop on" stopped_by_term --init
check "exit status 8: --stop-signal USR1, with a handler" stopped_by_own_signal
check "exit status 137: docker kill" killed_with KILL 137
check "exit status 9: docker kill --signal HUP, with a handler" killed_with HUP 9
check "exec: exit status 7" exec_exits 7 sh -c 'exit 7'
check "exec: exit status 126: a program that may not be executed" \
  exec_refuses 126 "permission denied" /etc/plain-file
check "exec: a program that is not in PATH" exec_finds_nothing
check "exit status 125: a file mounted on a directory, with the engine's advice" \
  refuses_with 125 "Are you trying to mount a directory onto a file" \
  run --volume /etc/passwd:/home -- true
check "a working directory that is a file is refused" \
  refuses "not a directory" run --workdir /etc/plain-file -- true
check "a user that does not exist is refused" refuses "unable to find user" run --user ghost -- true
