# Terminals and pipes.

terminal_size() {
  on_terminal run -it -- sh -c 'until [ "$(stty size)" = "24 80" ]; do sleep 0.1; done; echo "si""zed"'
  shows sized
  terminal_exits 0
}

terminal_resize() {
  on_terminal run -it -- sh -c \
    'echo "rea""dy"; until [ "$(stty size)" = "40 100" ]; do sleep 0.1; done; echo "si""zed"'
  shows ready
  resize 40 100
  shows sized
  terminal_exits 0
}

control_c() {
  on_terminal run -it -- sh -c 'trap "exit 3" INT; echo "rea""dy"; while :; do sleep 0.1; done'
  shows ready
  press '\003'
  terminal_exits 3
}

typed_lines() {
  on_terminal run -it -- sh
  press 'echo one$((1 + 1))\n'
  shows one2
  press 'exit 5\n'
  terminal_exits 5
}

detach_and_attach() {
  on_terminal start_on_terminal
  shows ready
  press '\020\021'
  terminal_exits 0
  has_status running
  rm keys
  on_terminal docker attach "$box"
  press 'again\n'
  shows "got again"
  terminal_exits 0
}

start_on_terminal() {
  box_command run -it --name "$box" -- sh -c 'echo "rea""dy"; read line; echo "got $line"'
}
export -f start_on_terminal

exec_terminal() {
  start -- sleep 1000
  on_terminal docker exec -it "$box" sh -c 'tty; until [ "$(stty size)" = "24 80" ]; do sleep 0.1; done
    echo "si""zed"; read line; exit "$line"'
  shows /dev/pts/
  shows sized
  press '4\n'
  terminal_exits 4
}

piped() {
  prints 3000000 run -i -- wc -c < <(head --bytes 3000000 /dev/zero)
}

piped_exec() {
  start -- sleep 1000
  prints 3000000 docker exec -i "$box" wc -c < <(head --bytes 3000000 /dev/zero)
}

separate_outputs() {
  run -- sh -c 'echo out; echo err >&2' >out 2>err
  prints out cat out
  prints err cat err
}

check "terminal: size is the client's" terminal_size
check "terminal: resize reaches the program" terminal_resize
check "terminal: Ctrl-C interrupts" control_c
check "terminal: a shell reads what is typed" typed_lines
check "terminal: detach keys leave the container running, attach comes back" detach_and_attach
check "terminal: exec -it has a terminal of its own, with the client's size" exec_terminal
check "terminal: -t without input" matches "/dev/(pts/0|console)" run -t -- tty
check "pipe: -i passes 3 MB to the program, and their end" piped
check "pipe: exec -i too" piped_exec
check "pipe: stdout and stderr stay apart" separate_outputs
check "pipe: the program can open /dev/stderr" prints "" run -- sh -c 'echo x >/dev/stderr' 2>&1
