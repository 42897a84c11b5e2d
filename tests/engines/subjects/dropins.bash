# The files of contrib/engines, copied to where users copy them.  Podman's is in use in its subject.

subject_dropins() {
  needs dropins dockerd containerd docker || return 0
  mkdir -p /usr/local/sbin /etc/docker
  cp "$scratch/coracle" /usr/local/sbin/coracle
  start_containerd dropins
  start_bare_dockerd dropins
  use_docker dropins
  import_busybox >/dev/null
  cp "$here/../../contrib/engines/docker/daemon.json" /etc/docker/daemon.json
  kill -s HUP "${daemon_pids[dropins-dockerd]}"
  check "docker: daemon.json, read again at SIGHUP" eventually prints hello named_run
  check "docker: a runtime with arguments" prints hello named_run -debug
  stop_daemon dropins-dockerd
  start_bare_dockerd dropins --default-runtime coracle
  check "docker: default-runtime, with the file at the daemon's start" default_run
  stop_daemon dropins-dockerd
  stop_daemon dropins-containerd
  rm /etc/docker/daemon.json
  check "containerd: config-1.toml declares the handler" declares config-1.toml
}

# named_run [SUFFIX]: runc has no file to be declared by.
named_run() {
  local name=coracle${1-}
  [[ $runtime == coracle ]] || name=runc
  docker run --rm --runtime "$name" busybox echo hello
}

default_run() {
  prints coracle docker info --format '{{.DefaultRuntime}}'
  prints hello run -- echo hello
}

declares() {
  matches 'runtimes\.coracle\.options\][^[]*BinaryName = "/usr/local/sbin/coracle"' \
    containerd --config "$here/../../contrib/engines/containerd/$1" config dump
}
