# Kubernetes' path by CRI-O, driven by crictl as in cri.bash.
# ENGINES_CRIO: a program other than the one in PATH; its pinns is the one beside it, if there is one.

crio=${ENGINES_CRIO:-crio}

# Where the drop-in of contrib/engines says that coracle is, and runc beside it.
crio_path() {
  if [[ $runtime == coracle ]]; then echo /usr/local/sbin/coracle; else command -v runc; fi
}

# What a run needs around the drop-in.
crio_config() {
  cat <<TOML
[crio]
root = "$scratch/crio/storage"
runroot = "/run/engines/crio/storage"
storage_driver = "overlay"
log_dir = "$scratch/crio/logs"
[crio.api]
listen = "$cri_socket"
[crio.runtime]
default_runtime = "runc"
cgroup_manager = "$cgroup_manager"
# It is the machine's /proc/irq.
irqbalance_config_restore_file = "disable"
disable_hostport_mapping = true
[crio.runtime.runtimes.runc]
runtime_path = "$(command -v runc)"
container_min_memory = "12MiB"
[crio.image]
pause_image = "$ctr_image"
pause_command = ""
signature_policy = "/etc/crio/policy.json"
[crio.network]
network_dir = "/run/engines/crio/cni"
plugin_dirs = ["/usr/lib/cni"]
TOML
}

# Files are where CRI-O looks for them unless told otherwise.
start_crio() {
  cri_socket=/run/engines/crio/crio.sock
  mkdir -p /usr/local/sbin /etc/crio/crio.conf.d /run/engines/crio
  cp "$scratch/coracle" /usr/local/sbin/coracle
  cp "$here/../../contrib/engines/cri-o/10-coracle.conf" /etc/crio/crio.conf.d/
  echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/crio/policy.json
  crio_config >/etc/crio/crio.conf
  pod_network /run/engines/crio/cni
  start_daemon crio crio_answers env PATH="$(dirname "$(command -v "$crio")"):$PATH" "$crio"
}

crio_answers() {
  crictl version
}

# CRI-O imports no archives; Podman does, into the same storage.
import_crio() {
  oci_archive "$scratch/busybox.tar"
  /usr/bin/podman --root "$scratch/crio/storage" --runroot /run/engines/crio/storage \
    --storage-driver overlay load --quiet --input "$scratch/busybox.tar"
}
