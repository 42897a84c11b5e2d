# containerd as cases use it, by ctr and the shim io.containerd.runc.v2.

ctr_name=
ctr_image=example.org/busybox:latest

ctr() {
  local -
  set +x
  [[ -z ${BASH_XTRACEFD-} ]] || echo "\$ ctr ${*@Q}" >&"$BASH_XTRACEFD"
  timeout --foreground --kill-after 5 $((60 * patience)) /usr/bin/ctr --address "$(ctr_address)" "$@"
}

ctr_address() {
  echo "/run/engines/$ctr_name-$runtime/containerd.sock"
}

# start_containerds NAME: a daemon for each side, with the image, to which what follows goes.
# ctr forgets --runc-binary with options that are for the task, such as --uidmap and --no-pivot: the
# shim calls the runc in the daemon's PATH then, which is the side's own runtime here.
start_containerds() {
  ctr_name=$1
  remover=remove_ctr
  local programs
  oci_archive "$scratch/busybox.tar"
  for runtime in coracle runc; do
    programs=$scratch/$ctr_name-$runtime/programs
    mkdir -p "$programs"
    ln -s "$(runtime_path)" "$programs/runc"
    PATH=$programs:$PATH start_containerd "$ctr_name-$runtime"
    ctr image import "$scratch/busybox.tar" >/dev/null
  done
  runtime=
}

stop_containerds() {
  stop_daemon "$1-coracle-containerd"
  stop_daemon "$1-runc-containerd"
}

runtime_path() {
  if [[ $runtime == coracle ]]; then echo "$scratch/coracle"; else command -v "$runtime"; fi
}

# ctr_run [OPTION...] -- COMMAND...: a container called $box.
ctr_run() {
  local -
  set +x
  local options=()
  ! by_systemd || options=(--runc-systemd-cgroup --cgroup "engines.slice:ctr:$box")
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  ctr run --runc-binary "$(runtime_path)" "${options[@]}" "$ctr_image" "$box" "${@:2}"
}

ctr_once() {
  ctr_run --rm "$@"
}

ctr_start() {
  ctr_run --detach "$@"
}

ctr_exec() {
  ctr task exec --exec-id "exec-$RANDOM" "$box" "$@"
}

ctr_pid() {
  ctr task list | awk -v id="$box" '$1 == id { print $2 }'
}

ctr_status() {
  [[ $(ctr task list | awk -v id="$box" '$1 == id { print $3 }') == "$1" ]]
}

remove_ctr() {
  local -
  set +x
  ctr task delete --force "$box"
  ctr container delete "$box"
} >/dev/null 2>&1
