# containerd as cases use it, by ctr and the shim io.containerd.runc.v2.

ctr_address=
ctr_image=example.org/busybox:latest

ctr() {
  local -
  set +x
  [[ -z ${BASH_XTRACEFD-} ]] || echo "\$ ctr ${*@Q}" >&"$BASH_XTRACEFD"
  timeout --foreground --kill-after 5 60 /usr/bin/ctr --address "$ctr_address" "$@"
}

# use_containerd NAME: what follows goes to this daemon.
use_containerd() {
  ctr_address=/run/engines/$1/containerd.sock
  remover=remove_ctr
}

runtime_path() {
  if [[ $runtime == coracle ]]; then echo "$scratch/coracle"; else command -v "$runtime"; fi
}

# ctr_run [OPTION...] -- COMMAND...: a container called $box.
ctr_run() {
  local -
  set +x
  local options=()
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
