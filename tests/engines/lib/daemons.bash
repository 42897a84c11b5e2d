# Daemons of a run's own: each with its directories, socket and log, and stopped by its pid.

declare -A daemon_pids=()

# start_daemon NAME PROBE COMMAND...: starts a daemon and waits until PROBE (a function) succeeds.
start_daemon() {
  local name=$1 probe=$2
  shift 2
  mkdir -p "$scratch/logs"
  "$@" </dev/null >>"$scratch/logs/$name" 2>&1 &
  daemon_pids[$name]=$!
  local end=$((SECONDS + 30 * patience))
  while [[ $SECONDS -lt $end ]]; do
    ! "$probe" "$name" >/dev/null 2>&1 || return 0
    kill -0 "${daemon_pids[$name]}" 2>/dev/null || break
    sleep 0.1
  done
  echo "$name does not come up:" >&2
  tail -n 20 "$scratch/logs/$name" >&2
  return 1
}

# stop_daemon NAME [SIGNAL]
stop_daemon() {
  local pid=${daemon_pids[$1]-} end=$((SECONDS + 30 * patience))
  [[ -n $pid ]] || return 0
  unset "daemon_pids[$1]"
  kill -s "${2-TERM}" "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null && [[ $SECONDS -lt $end ]]; do
    sleep 0.1
  done
  kill -s KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

stop_daemons() {
  local name
  for name in "${!daemon_pids[@]}"; do
    stop_daemon "$name"
  done
}

# start_containerd NAME: its socket is /run/engines/NAME/containerd.sock.
start_containerd() {
  local directory=$scratch/$1 state=/run/engines/$1
  mkdir -p "$directory" "$state"
  cat >"$directory/containerd.toml" <<TOML
version = 2
root = "$directory/containerd"
state = "$state/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$state/containerd.sock"
TOML
  start_daemon "$1-containerd" containerd_answers containerd --config "$directory/containerd.toml"
}

containerd_answers() {
  /usr/bin/ctr --address "/run/engines/${1%-containerd}/containerd.sock" version
}

# start_dockerd NAME OPTIONS...: with coracle as default runtime.
start_dockerd() {
  start_bare_dockerd "$1" --add-runtime "coracle=$scratch/coracle" --default-runtime coracle "${@:2}"
}

# start_bare_dockerd NAME OPTIONS...: its socket is /run/engines/NAME/docker.sock, its data is below
# $scratch/NAME/docker; $dockerd_netns is the name of the network namespace to start it in, if any.
start_bare_dockerd() {
  local name=$1 state=/run/engines/$1
  shift
  start_daemon "$name-dockerd" docker_answers \
    ${dockerd_netns:+nsenter "--net=/run/netns/$dockerd_netns"} dockerd --data-root "$scratch/$name/docker" \
    --exec-root "$state/docker" --pidfile "$state/docker.pid" --host "unix://$state/docker.sock" \
    --containerd "$state/containerd.sock" --storage-driver overlay2 \
    --exec-opt "native.cgroupdriver=$cgroup_manager" "$@"
}

docker_answers() {
  /usr/bin/docker --host "unix:///run/engines/${1%-dockerd}/docker.sock" version
}
