# Docker with --userns-remap: every step of the user namespace tutorials.

subject_userns_remap() {
  needs userns_remap dockerd containerd docker newuidmap || return 0
  start_containerd remap
  use_docker remap
  before_remap
  start_dockerd remap --userns-remap=default
  remap_base=$(awk -F: '$1 == "dockremap" { print $2 }' /etc/subuid)
  remap_data=$scratch/remap/docker/$remap_base.$remap_base
  check "switching on: no images and no containers at first" nothing_at_first
  import_busybox >/dev/null
  run_parts userns_remap/tutorial userns_remap/more
  if $full; then
    prefix="remapped: "
    run_parts plain/terminals plain/life plain/resources
    prefix=
  fi
  stop_daemon remap-dockerd
  after_remap
  another_user
  skip "remapped by a systemd drop-in that clears ExecStart" "no systemd in a run's namespaces"
  stop_daemon remap-containerd
}

nothing_at_first() {
  prints "" docker images --quiet --all
  prints "" docker ps --quiet --all
}

# What is there before the daemon remaps.
before_remap() {
  start_dockerd remap
  import_busybox >/dev/null
  for runtime in coracle runc; do
    box_command create --name "old-$runtime" -- echo old >/dev/null
    touch "/bin/victim-$runtime" "/bin/victim-host-$runtime"
  done
  runtime=
  check "before: the container's root may remove the host's programs" removes_from_bin
  check "before: a service as -u 1000 cannot write its volume" service_fails --user 1000
  stop_daemon remap-dockerd
}

removes_from_bin() {
  run --volume /bin:/host/bin -- rm "/host/bin/victim-$runtime"
  [[ ! -e /bin/victim-$runtime ]]
  touch "/bin/victim-$runtime"
}

# The tutorials' registry: an HTTP program that keeps in its volume what is pushed to it.
start_service() {
  mkdir -p data
  chmod 755 data
  [[ $1 == plain ]] || chown "$1:$1" data
  start --network bridge --volume "$PWD/data:/data" "${@:2}" -- httpd -f -p 5000 -h /www
}

service_fails() {
  start_service plain "$@"
  eventually answered " 500 "
  [[ ! -e data/pushed ]]
}

service_stores() {
  start_service "$@"
  eventually answered stored
  prints content cat data/pushed
}

# answered TEXT: the service answers so to a push.
answered() {
  local http
  exec {http}<>"/dev/tcp/$(field .NetworkSettings.IPAddress)/5000" || return 1
  printf 'POST /cgi-bin/store HTTP/1.0\r\nContent-Length: 8\r\n\r\ncontent\n' >&"$http"
  timeout $((5 * patience)) grep --quiet -- "$1" <&"$http"
}

# With the flag gone, what was there before is there again; then remapped by daemon.json.
after_remap() {
  start_dockerd remap
  check "switching off: the old image is back" prints busybox:latest \
    docker images --format '{{.Repository}}:{{.Tag}}'
  check "switching off: the old container is back, and starts" old_starts
  check "switching off: a container's root is the host's" not_remapped
  stop_daemon remap-dockerd
  echo '{"userns-remap": "default"}' >/etc/docker/daemon.json
  start_dockerd remap
  check "remapped by daemon.json: root inside, a subordinate id outside" remapped_to "$remap_base"
  stop_daemon remap-dockerd
  rm /etc/docker/daemon.json
}

old_starts() {
  prints old docker start --attach "old-$runtime"
}

# A user of the administrator's choice: the host's ps shows his name.
another_user() {
  useradd --uid 5000 --no-create-home bozo
  sed -i '/^bozo:/d' /etc/subuid /etc/subgid
  echo bozo:5000:10000 | tee -a /etc/subgid >>/etc/subuid
  start_dockerd remap --userns-remap=bozo
  import_busybox >/dev/null
  check "--userns-remap=bozo: data below 5000.5000" test -d "$scratch/remap/docker/5000.5000"
  check "--userns-remap=bozo: the host's ps shows his name" ps_shows bozo
  check "--userns-remap=bozo: only 10000 ids are mapped" prints "0 5000 10000" \
    run -- sh -c 'echo $(cat /proc/self/uid_map)'
  stop_daemon remap-dockerd
}

not_remapped() {
  start -- sleep 1000
  prints 0 host_status Uid
}

# remapped_to BASE
remapped_to() {
  start -- sleep 1000
  prints root docker exec "$box" whoami
  prints "$1" host_status Uid
  prints "$1" host_status Gid
}

ps_shows() {
  start -- sleep 1000
  prints "$1" ps --no-headers --format user --pid "$(host_pid)"
}
