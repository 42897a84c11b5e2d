# Podman as cases use it: rootful, or as a user of the run's own.

# The storage and the user of the subject; set by use_podman.
podman_home=
podman_as=()
podman_network=()

podman() {
  local -
  set +x
  [[ -z ${BASH_XTRACEFD-} ]] || echo "\$ podman ${*@Q}" >&"$BASH_XTRACEFD"
  timeout --foreground --kill-after 5 $((60 * patience)) "${podman_as[@]}" /usr/bin/podman \
    --root "$podman_home/storage" --runroot "$podman_home/run" --tmpdir "$podman_home/tmp" \
    --cgroup-manager "$cgroup_manager" --events-backend file --storage-driver overlay \
    --runtime "$(podman_runtime)" "$@"
}

# Coracle by the name that the drop-in of contrib/engines declares.
podman_runtime() {
  if [[ $runtime == runc ]]; then command -v runc; else echo coracle; fi
}

# use_podman DIRECTORY [COMMAND...]: what follows goes to the storage below DIRECTORY, through
# COMMAND, which becomes a user.
use_podman() {
  podman_home=$1
  podman_as=("${@:2}")
  remover=remove_podman
  mkdir -p "$podman_home"
}

# Podman knows a v1 or a v2 machine; with v2 beside v1, the rest goes out of sight.
hide_unified() {
  ! mountpoint --quiet /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
}

show_unified() {
  [[ ! -d /sys/fs/cgroup/unified ]] || mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
}

install_podman_dropin() {
  mkdir -p /etc/containers/containers.conf.d
  cp "$here/../../contrib/engines/podman/coracle.conf" /etc/containers/containers.conf.d/
  cp "$scratch/coracle" /usr/sbin/coracle
}

import_podman() {
  runtime=coracle
  oci_archive "$podman_home.tar"
  chmod 644 "$podman_home.tar"
  podman load --quiet --input "$podman_home.tar"
  podman tag example.org/busybox:latest localhost/busybox:latest
  runtime=
}

# pod_command VERB [OPTION...] -- COMMAND...
pod_command() {
  local -
  set +x
  local verb=$1 options=()
  shift
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  podman "$verb" "${podman_network[@]}" "${options[@]}" localhost/busybox "${@:2}"
}

p_run() {
  pod_command run --rm "$@"
}

p_start() {
  pod_command run --detach --name "$box" "$@" >/dev/null
}

p_field() {
  podman inspect --format "{{$1}}" "${2-$box}"
}

p_has_status() {
  [[ $(p_field .State.Status) == "$1" ]]
}

p_logged() {
  podman logs "$box" 2>&1 | grep --fixed-strings -- "$1" >/dev/null
}

remove_podman() {
  local -
  set +x
  podman pod rm --force --ignore "pod-$box"
  podman rm --force --ignore --time 0 "$box" "$box-2"
} >/dev/null 2>&1
