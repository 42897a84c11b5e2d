# Pods as the kubelet makes them.

subject_cri() {
  needs cri "$cri_containerd" "$cri_ctl" /usr/lib/cni/bridge || return 0
  start_cri
  remover=remove_cri
  oci_archive "$scratch/busybox.tar"
  /usr/bin/ctr --address /run/engines/cri/containerd.sock --namespace k8s.io \
    image import "$scratch/busybox.tar" >/dev/null
  run_parts cri/pods
  if [[ $(cri_version) != 1 ]]; then
    run_parts cri/userns
  else
    skip "pods with hostUsers: false" "containerd 2 is needed: name one by ENGINES_CONTAINERD"
  fi
  stop_daemon cri-containerd
}
