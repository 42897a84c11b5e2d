# Tasks: run, exec, signals, pause, terminals, checkpoint.

# The shim holds the pipe open itself: its end does not reach the program.
piped_into_task() {
  head --bytes 300000 /dev/zero | ctr_once -- sh -c 'head -c 300000 | wc -c'
}

exec_in_task() {
  ctr_start -- sleep 1000
  prints inside ctr_exec echo inside
  exits 7 ctr_exec sh -c 'exit 7'
  refuses "executable file not found in .PATH" ctr_exec no-such-program
  prints "/tmp 1000" ctr task exec --exec-id user --cwd /tmp --user 1000 "$box" \
    sh -c 'echo $PWD $(id -u)'
}

pause_task() {
  ctr_start -- sleep 1000
  ctr task pause "$box"
  ctr_status PAUSED
  fails timeout 5 /usr/bin/ctr --address "$(ctr_address)" task exec --exec-id paused "$box" true
  ctr task resume "$box"
  ctr_status RUNNING
  prints inside ctr_exec echo inside
}

kill_task() {
  ctr_start -- sh -c 'trap "exit 9" USR1; while :; do sleep 0.1; done'
  sleep 0.5
  ctr task kill --signal SIGUSR1 "$box"
  eventually ctr_status STOPPED
  refuses "not found|already finished" ctr task kill "$box"
  refuses_with 0 "exit code 9" ctr task delete "$box"
}

task_processes() {
  ctr_start -- sh -c 'sleep 1000 & wait'
  eventually two_processes
  matches "$(ctr_pid)" ctr task ps "$box"
  matches "memory" ctr task metrics "$box"
}

two_processes() {
  [[ $(ctr task ps "$box" | grep --count '^[0-9]') -eq 2 ]]
}

kill_all() {
  ctr_start -- sh -c 'sleep 1000 & sleep 1000 & wait'
  ctr task kill --all --signal SIGKILL "$box"
  eventually ctr_status STOPPED
}

terminal_of_task() {
  export ctr_name ctr_image scratch
  export -f ctr ctr_address ctr_run ctr_once runtime_path by_systemd
  on_terminal ctr_once --tty -- sh -c 'tty; until [ "$(stty size)" = "24 80" ]; do sleep 0.1; done
    echo "si""zed"; read line; exit "$line"'
  shows /dev/pts/0
  shows sized
  press '4\n'
  terminal_exits 4
}

leaves_nothing() {
  ctr_start -- sleep 1000
  local path
  path=$(cgroup_path memory "$(ctr_pid)")
  ctr task kill --signal SIGKILL "$box"
  eventually ctr_status STOPPED
  ctr task delete "$box"
  [[ ! -e /run/containerd/runc/default/$box && -n $path ]]
  [[ -z $(find /sys/fs/cgroup -path "*$path") ]]
}

# Dumps to an image, and runs on from there.
checkpoint() {
  ctr_start -- sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/count; sleep 0.1; done'
  eventually counts_to 20 ctr_pid
  ctr container checkpoint --task --rw --image "$box" "checkpoint-$box"
  ctr task kill --signal SIGKILL "$box"
  eventually ctr_status STOPPED
  remove_ctr
  ctr container restore --live --rw "$box" "checkpoint-$box"
  eventually ctr_status RUNNING
  counts_to 20 ctr_pid  # one that is started anew counts from 1
  eventually counts_to $(($(count_of ctr_pid) + 5)) ctr_pid
}

check "run prints what the program prints" prints hello ctr_once -- echo hello
check "exit status 7" exits 7 ctr_once -- sh -c 'exit 7'
check "a program that is not there" \
  refuses "exec: .*executable file not found in .PATH" ctr_once -- no-such-program
check "a pipe into the program" prints 300000 piped_into_task
check "exec: output, statuses, user, directory" exec_in_task
check "task pause and resume" pause_task
check "task kill, and again when it has stopped" kill_task
check "task kill --all" kill_all
check "task ps and metrics" task_processes
check "--tty: a terminal with the client's size" terminal_of_task
check "delete leaves no state and no cgroup" leaves_nothing
if command -v criu >/dev/null; then
  check "checkpoint and restore" checkpoint
else
  skip "checkpoint and restore" "no criu here: name one by CRIU"
fi
