# A terminal for a case: a command on it, keys, size, and what it shows.

# on_terminal COMMAND...: starts it on a terminal of 24 rows and 80 columns; the case's directory
# gets the files keys (a FIFO), tty (the terminal's path) and screen (all that it showed).
on_terminal() {
  mkfifo keys
  export runtime box docker_host
  export -f docker use_docker runtime_option box_command run start
  SHELL=/bin/bash script --quiet --flush --return /dev/null <keys >screen 2>&1 \
    --command "stty rows 24 cols 80; tty >tty; ${*@Q}" &
  terminal_pid=$!
  exec {keys}>keys
}

press() {
  # shellcheck disable=SC2059  # keys are written as escapes
  printf "$1" >&"$keys"
}

shows() {
  eventually grep --extended-regexp --quiet -- "$1" screen
}

resize() {
  stty -F "$(cat tty)" rows "$1" cols "$2"
}

# terminal_exits STATUS: of the command on the terminal.
terminal_exits() {
  local status=0
  wait "$terminal_pid" || status=$?
  exec {keys}>&-
  cat screen
  [[ $status -eq $1 ]]
}
