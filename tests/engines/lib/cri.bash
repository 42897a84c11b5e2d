# Kubernetes' path: a containerd with its CRI service or CRI-O (crio.bash), driven by crictl.
# ENGINES_CONTAINERD, ENGINES_CRICTL: programs other than those in PATH; the shim is the one beside
# containerd, if there is one.

cri_containerd=${ENGINES_CONTAINERD:-containerd}
cri_ctl=${ENGINES_CRICTL:-crictl}
cri_socket=

crictl() {
  local - limit=${cri_limit:-50}
  set +x
  [[ -z ${BASH_XTRACEFD-} ]] || echo "\$ crictl ${*@Q}" >&"$BASH_XTRACEFD"
  timeout --foreground --kill-after 5 $((60 * patience)) "$cri_ctl" \
    --timeout $((limit * patience))s \
    --runtime-endpoint "unix://$cri_socket" --image-endpoint "unix://$cri_socket" "$@"
}

# The major version.
cri_version() {
  "$cri_containerd" --version | sed -E 's/.* v?([0-9]+)\.[0-9]+\.[0-9]+.*/\1/'
}

# The drop-in of contrib/engines that belongs to this containerd, with who makes cgroups.
cri_dropin() {
  local file=config-1.toml manager=false
  [[ $(cri_version) == 1 ]] || file=config-2.toml
  ! by_systemd || manager=true
  sed "s/SystemdCgroup = false/SystemdCgroup = $manager/" "$here/../../contrib/engines/containerd/$file"
}

# That drop-in with what the run needs around it;
# machines without CAP_SYS_RESOURCE cannot lower oom_score_adj.
cri_config() {
  local state=/run/engines/cri
  cri_dropin | sed "s,/usr/local/sbin/coracle,$scratch/coracle,"
  cat <<TOML
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$ctr_image"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "$state/cni"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "$ctr_image"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "$state/cni"
TOML
  cri_dropin |
    sed -E '/^version|^#/d; s/coracle\]/runc]/; s/coracle\.options/runc.options/; /BinaryName/d'
}

# pod_network DIRECTORY: a network for CNI, on a bridge of the run's own.
pod_network() {
  mkdir -p "$1"
  echo '{"cniVersion": "0.4.0", "name": "pods", "type": "bridge", "bridge": "pods0",
    "isGateway": true, "ipam": {"type": "host-local", "subnet": "10.88.77.0/24"}}' \
    >"$1/10-pods.conf"
}

start_cri() {
  local directory=$scratch/cri state=/run/engines/cri
  cri_socket=$state/containerd.sock
  mkdir -p "$directory"
  pod_network "$state/cni"
  {
    cri_config | grep '^version'
    printf 'root = "%s"\nstate = "%s"\n' "$directory/containerd" "$state/containerd"
    printf '[grpc]\n  address = "%s"\n' "$cri_socket"
    cri_config | grep -v '^version'
  } >"$directory/containerd.toml"
  start_daemon cri-containerd containerd_answers \
    env PATH="$(dirname "$(command -v "$cri_containerd")"):$PATH" \
    "$cri_containerd" --config "$directory/containerd.toml"
}

# make_pod [NAMESPACE-OPTIONS-JSON [PRIVILEGED]]: a pod with one container that sleeps, with a PID
# namespace of its own unless the options say otherwise; sets $pod and $main.
make_pod() {
  local options=${1-}
  [[ $options == *'"pid"'* ]] || options='"pid": 1'${options:+, $options}
  # A pod on the host's network has the host's name.
  local hostname='"hostname": "pod",'
  [[ ${1-} != *'"network": 2'* ]] || hostname=
  local parent=
  ! by_systemd || parent='"cgroup_parent": "engines.slice",'
  cat >pod.json <<JSON
{"metadata": {"name": "$box", "namespace": "default", "uid": "$box", "attempt": 1},
 $hostname "log_directory": "$PWD/logs",
 "linux": {$parent "security_context": {"privileged": ${2-false},
  "namespace_options": {$options}}}}
JSON
  cat >main.json <<JSON
{"metadata": {"name": "main"}, "image": {"image": "$ctr_image"}, "log_path": "main.log",
 "command": ["sh", "-c", "echo started; sleep 1000"], "mounts": [${mounts-}],
 "linux": {"resources": {${resources-}},
  "security_context": {"privileged": ${2-false}, "namespace_options": {$options}}}}
JSON
  pod=$(crictl runp --runtime "$runtime" pod.json)
  main=$(crictl create --no-pull "$pod" main.json pod.json)
  crictl start "$main"
}

# The host's process id of the container.
cri_pid() {
  crictl inspect --output go-template --template '{{.info.pid}}' "$main"
}

# CRI-O gives a pod's containers all the time that crictl gives it before it kills them, also the
# one that keeps a shared PID namespace, which has no other time limit.
remove_cri() {
  local cri_limit=4
  crictl pods --quiet --name "^$box\$" | while read -r pod; do
    crictl ps --quiet --pod "$pod" | while read -r main; do crictl stop --timeout 0 "$main"; done
    crictl stopp "$pod"
    crictl rmp --force "$pod"
  done
} >/dev/null 2>&1
