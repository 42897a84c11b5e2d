# Docker as cases use it: the runtime's option and the image are given here.

docker_host=

# No command of a case waits for ever.  Commands are shown in the case's trace.
docker() {
  local -
  set +x
  [[ -z ${BASH_XTRACEFD-} ]] || echo "\$ docker ${*@Q}" >&"$BASH_XTRACEFD"
  timeout --foreground --kill-after 5 $((60 * patience)) /usr/bin/docker ${docker_host:+--host "$docker_host"} "$@"
}

# use_docker NAME: what follows goes to this daemon.
use_docker() {
  remover=remove_docker
  docker_host=unix:///run/engines/$1/docker.sock
}

# The daemon's default runtime is coracle.
runtime_option() {
  [[ $runtime != runc ]] || echo --runtime=runc
}

# box_command VERB [OPTION...] -- COMMAND...: docker VERB with options, the image and a command.
box_command() {
  local -
  set +x
  local verb=$1 options=()
  shift
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  # shellcheck disable=SC2046  # an option or none
  docker "$verb" $(runtime_option) "${options[@]}" "${image-busybox}" "${@:2}"
}

# run [OPTION...] -- COMMAND...: a container that is gone afterwards.
run() {
  box_command run --rm "$@"
}

# start [OPTION...] -- COMMAND...: a container in the background, called $box unless named.
start() {
  box_command run --detach --name "$box" "$@" >/dev/null
}

# field FORMAT [CONTAINER]: what docker inspect says.
field() {
  docker inspect --format "{{$1}}" "${2-$box}"
}

# Which process it is on the host.
host_pid() {
  field .State.Pid "$@"
}

# host_status FIELD [CONTAINER]: the first value of a field of /proc/PID/status on the host.
host_status() {
  local pid
  pid=$(host_pid "${@:2}")
  awk -v field="$1:" '$1 == field { print $2 }' "/proc/$pid/status"
}

has_status() {
  [[ $(field .State.Status "${2-$box}") == "$1" ]]
}

# logged TEXT [CONTAINER]: it has written a line with this text.
logged() {
  docker logs "${2-$box}" 2>&1 | grep --fixed-strings -- "$1" >/dev/null
}

# cgroup_value CONTROLLER V1-FILE V2-FILE [CONTAINER]: what the container's cgroup says.
cgroup_value() {
  local pid
  pid=$(host_pid "${@:4}")
  cgroup_setting "$pid" "${@:1:3}"
}

remove_docker() {
  local -
  set +x
  docker ps --all --quiet --filter "name=^/$box" | xargs --no-run-if-empty \
    timeout $((60 * patience)) /usr/bin/docker --host "$docker_host" rm --force --volumes >/dev/null
}
