# Completion of coracle(8) for bash.  Made from contrib/docs/coracle.bash.in and the runtime's
# table of commands by `cmake --build BUILD --target docs`.

_coracle_commands() {
  echo 'checkpoint create delete events exec features kill list mounts pause ps resume restore run spec start state update help'
}

_coracle_signals() {
  echo 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS'
}

# The options of command $1, the global ones for "".
_coracle_options() {
  case $1 in
    '') echo '--debug --log --log-format --root --systemd-cgroup --cgroup-manager --rootless --timings --help -h --version -v' ;;
    checkpoint) echo '--image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode --network-lock --empty-ns --auto-dedup --lazy-pages --parent-path --leave-running --pre-dump --tcp-skip-in-flight --link-remap --page-server --status-fd --help -h' ;;
    create) echo '--bundle -b --config -f --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --help -h' ;;
    delete) echo '--force -f --regex -r --help -h' ;;
    events) echo '--interval --stats --help -h' ;;
    exec) echo '--console-socket --pidfd-socket --cwd --env -e --tty -t --user -u --additional-gids -g --process -p --detach -d --pid-file --process-label --apparmor --no-new-privs --cap -c --preserve-fds --cgroup --ignore-paused --help -h' ;;
    features) echo '--help -h' ;;
    kill) echo '--all -a --regex -r --help -h' ;;
    list) echo '--format -f --quiet -q --help -h' ;;
    mounts) echo '--help -h' ;;
    pause) echo '--help -h' ;;
    ps) echo '--format -f --help -h' ;;
    resume) echo '--help -h' ;;
    restore) echo '--image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode --network-lock --empty-ns --auto-dedup --lazy-pages --bundle -b --console-socket --detach -d --pid-file --no-subreaper --no-pivot --tcp-close --lsm-profile --lsm-mount-context --help -h' ;;
    run) echo '--bundle -b --config -f --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --detach -d --keep --no-subreaper --help -h' ;;
    spec) echo '--bundle -b --rootless --help -h' ;;
    start) echo '--help -h' ;;
    state) echo '--help -h' ;;
    update) echo '--resources -r --blkio-weight --cpu-period --cpu-quota --cpu-burst --cpu-share --cpu-rt-period --cpu-rt-runtime --cpuset-cpus --cpuset-mems --memory --cpu-idle --memory-reservation --memory-swap --pids-limit --l3-cache-schema --mem-bw-schema --help -h' ;;
  esac
}

# What follows "COMMAND OPTION": the words to choose from, with bars between them, or a kind in
# capitals; nothing after a switch.
_coracle_value() {
  case $1 in
    ' --log') echo 'FILE' ;;
    ' --log-format') echo 'text|json' ;;
    ' --root') echo 'DIRECTORY' ;;
    ' --cgroup-manager') echo 'cgroupfs|systemd|disabled' ;;
    ' --rootless') echo 'true|false|auto' ;;
    ' --timings') echo 'FILE' ;;
    'checkpoint --image-path') echo 'DIRECTORY' ;;
    'checkpoint --work-path') echo 'DIRECTORY' ;;
    'checkpoint --manage-cgroups-mode') echo 'soft|full|strict|ignore' ;;
    'checkpoint --network-lock') echo 'iptables|nftables|skip' ;;
    'checkpoint --empty-ns') echo 'network' ;;
    'checkpoint --parent-path') echo 'DIRECTORY' ;;
    'checkpoint --page-server') echo 'NOTHING' ;;
    'checkpoint --status-fd') echo 'NOTHING' ;;
    'create --bundle' | 'create -b') echo 'DIRECTORY' ;;
    'create --config' | 'create -f') echo 'FILE' ;;
    'create --console-socket') echo 'FILE' ;;
    'create --pidfd-socket') echo 'FILE' ;;
    'create --pid-file') echo 'FILE' ;;
    'create --preserve-fds') echo 'NOTHING' ;;
    'events --interval') echo 'NOTHING' ;;
    'exec --console-socket') echo 'FILE' ;;
    'exec --pidfd-socket') echo 'FILE' ;;
    'exec --cwd') echo 'DIRECTORY' ;;
    'exec --env' | 'exec -e') echo 'NOTHING' ;;
    'exec --user' | 'exec -u') echo 'NOTHING' ;;
    'exec --additional-gids' | 'exec -g') echo 'NOTHING' ;;
    'exec --process' | 'exec -p') echo 'FILE' ;;
    'exec --pid-file') echo 'FILE' ;;
    'exec --process-label') echo 'NOTHING' ;;
    'exec --apparmor') echo 'NOTHING' ;;
    'exec --cap' | 'exec -c') echo 'NOTHING' ;;
    'exec --preserve-fds') echo 'NOTHING' ;;
    'exec --cgroup') echo 'NOTHING' ;;
    'list --format' | 'list -f') echo 'table|json' ;;
    'ps --format' | 'ps -f') echo 'table|json' ;;
    'restore --image-path') echo 'DIRECTORY' ;;
    'restore --work-path') echo 'DIRECTORY' ;;
    'restore --manage-cgroups-mode') echo 'soft|full|strict|ignore' ;;
    'restore --network-lock') echo 'iptables|nftables|skip' ;;
    'restore --empty-ns') echo 'network' ;;
    'restore --bundle' | 'restore -b') echo 'DIRECTORY' ;;
    'restore --console-socket') echo 'FILE' ;;
    'restore --pid-file') echo 'FILE' ;;
    'restore --lsm-profile') echo 'NOTHING' ;;
    'restore --lsm-mount-context') echo 'NOTHING' ;;
    'run --bundle' | 'run -b') echo 'DIRECTORY' ;;
    'run --config' | 'run -f') echo 'FILE' ;;
    'run --console-socket') echo 'FILE' ;;
    'run --pidfd-socket') echo 'FILE' ;;
    'run --pid-file') echo 'FILE' ;;
    'run --preserve-fds') echo 'NOTHING' ;;
    'spec --bundle' | 'spec -b') echo 'DIRECTORY' ;;
    'update --resources' | 'update -r') echo 'FILE' ;;
    'update --blkio-weight') echo 'NOTHING' ;;
    'update --cpu-period') echo 'NOTHING' ;;
    'update --cpu-quota') echo 'NOTHING' ;;
    'update --cpu-burst') echo 'NOTHING' ;;
    'update --cpu-share') echo 'NOTHING' ;;
    'update --cpu-rt-period') echo 'NOTHING' ;;
    'update --cpu-rt-runtime') echo 'NOTHING' ;;
    'update --cpuset-cpus') echo 'NOTHING' ;;
    'update --cpuset-mems') echo 'NOTHING' ;;
    'update --memory') echo 'NOTHING' ;;
    'update --cpu-idle') echo '1|0' ;;
    'update --memory-reservation') echo 'NOTHING' ;;
    'update --memory-swap') echo 'NOTHING' ;;
    'update --pids-limit') echo 'NOTHING' ;;
    'update --l3-cache-schema') echo 'NOTHING' ;;
    'update --mem-bw-schema') echo 'NOTHING' ;;
    'update --kernel-memory') echo 'NOTHING' ;;
    'update --kernel-memory-tcp') echo 'NOTHING' ;;
  esac
}

# The kinds of command $1's arguments.
_coracle_arguments() {
  case $1 in
    checkpoint) echo 'CONTAINER' ;;
    create) echo 'NOTHING' ;;
    delete) echo 'CONTAINER' ;;
    events) echo 'CONTAINER' ;;
    exec) echo 'CONTAINER PROGRAM' ;;
    kill) echo 'CONTAINER SIGNAL' ;;
    mounts) echo 'add|remove CONTAINER FILE' ;;
    pause) echo 'CONTAINER' ;;
    ps) echo 'CONTAINER PROGRAM' ;;
    resume) echo 'CONTAINER' ;;
    restore) echo 'NOTHING' ;;
    run) echo 'NOTHING' ;;
    start) echo 'CONTAINER' ;;
    state) echo 'CONTAINER' ;;
    update) echo 'CONTAINER' ;;
    help) echo 'COMMAND' ;;
  esac
}

_coracle_choose() {
  COMPREPLY=($(compgen "${@:2}" -- "$1"))
}

# _coracle_offer KIND CURRENT RUNTIME...: RUNTIME is the command line that lists containers.
_coracle_offer() {
  local kind=$1 current=$2
  shift 2
  local IFS=$' \t\n'
  case $kind in
    NOTHING) ;;
    FILE | DIRECTORY)
      local IFS=$'\n' action=-f # a name may hold blanks
      [[ $kind == DIRECTORY ]] && action=-d
      _coracle_choose "$current" $action
      compopt -o filenames 2>/dev/null
      ;;
    COMMAND) _coracle_choose "$current" -W "$(_coracle_commands)" ;;
    CONTAINER) _coracle_choose "$current" -W "$("$@" list -q 2>/dev/null)" ;;
    SIGNAL)
      if [[ $current == SIG* ]]; then
        _coracle_choose "${current#SIG}" -P SIG -W "$(_coracle_signals)"
      else
        _coracle_choose "$current" -W "$(_coracle_signals)"
      fi
      ;;
    *) _coracle_choose "$current" -W "${kind//|/ }" ;;
  esac
}

_coracle() {
  local current=${COMP_WORDS[COMP_CWORD]} runtime=("${COMP_WORDS[0]}")
  local command='' option='' kind='' kinds=() word
  COMPREPLY=()
  # Bash takes "--root=/run/x" for three words.
  [[ $current == '=' ]] && current=''
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $word == '=' ]]; then
      kind=${kind:-true false}
    elif [[ $kind ]]; then
      [[ $command$option == --root ]] && runtime+=(--root "$word")
      kind=''
    elif [[ $word == -?* && ${kinds[0]} != PROGRAM ]]; then
      option=$word
      [[ $word == -[^-]?* ]] && option=-$word # as Go's programs spell it: -root
      kind=$(_coracle_value "$command $option")
    elif [[ ! $command ]]; then
      command=$word
      kinds=($(_coracle_arguments "$command"))
    elif [[ ${kinds[0]} != PROGRAM ]]; then
      kinds=("${kinds[@]:1}")
    fi
  done
  if [[ ! $kind && $command && ${kinds[0]} == PROGRAM ]]; then
    return 0
  elif [[ ! $kind && $current == -* ]]; then
    _coracle_choose "$current" -W "$(_coracle_options "$command")"
  elif [[ $kind || $command ]]; then
    _coracle_offer "${kind:-${kinds[0]:-NOTHING}}" "$current" "${runtime[@]}"
  else
    _coracle_offer COMMAND "$current"
  fi
}

complete -F _coracle coracle
