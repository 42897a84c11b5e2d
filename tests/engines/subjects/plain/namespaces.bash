# Network, process, IPC, UTS and cgroup namespaces, of their own and shared.

network_none() {
  prints lo run --network none -- ls /sys/class/net
}

network_bridge() {
  start -- sh -c 'nc -l -p 8000 -e echo reached; sleep 1000'
  local address
  address=$(field .NetworkSettings.IPAddress)
  eventually tcp_answers "$address" 8000 reached
}

# tcp_answers ADDRESS PORT TEXT
tcp_answers() {
  [[ $(timeout $((5 * patience)) bash -c "cat </dev/tcp/$1/$2" 2>/dev/null) == "$3" ]]
}

network_host() {
  prints "$(readlink /proc/self/ns/net)" run --network host -- readlink /proc/self/ns/net
}

network_container() {
  start -- sh -c 'nc -l -p 8000 -e echo inside; sleep 1000'
  eventually prints inside run --network "container:$box" -- nc 127.0.0.1 8000
}

port() {
  local port=8100
  [[ $runtime == coracle ]] || port=8200
  start --publish "127.0.0.1:$port:80" -- httpd -f -h /www
  eventually http_answers "$port"
}

http_answers() {
  exec {http}<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET / HTTP/1.0\r\n\r\n' >&"$http"
  head --lines 1 <&"$http" | grep --quiet HTTP
}

own_network() {
  docker network create "$box" >/dev/null
  start --network "$box" --network-alias there -- sh -c 'while :; do nc -l -p 8000 -e echo named; done'
  eventually prints named run --network "$box" -- nc there 8000
  docker rm --force "$box"
  docker network rm "$box"
}

resolves() {
  prints "box.example" run --hostname box --domainname example -- hostname -f
}

pid_host() {
  prints "$(readlink /proc/self/ns/pid)" run --pid host -- readlink /proc/self/ns/pid
}

# With the host's process ids there is no namespace whose end would end them all.
pid_host_ends_all() {
  start --pid host -- sh -c 'sleep 4321 & sleep 4321 & wait'
  local path
  path=$(cgroup_path pids "$(host_pid)")
  eventually prints 3 cgroup_value pids pids.current pids.current
  docker rm --force "$box"
  [[ $path == */* && ! -e /sys/fs/cgroup/pids$path && ! -e /sys/fs/cgroup$path ]]
}

pid_container() {
  start -- sleep 4322
  matches "sleep 4322" run --pid "container:$box" -- ps
}

ipc_host() {
  prints "$(readlink /proc/self/ns/ipc)" run --ipc host -- readlink /proc/self/ns/ipc
}

ipc_shared() {
  start --ipc shareable -- sh -c 'echo shared >/dev/shm/file; sleep 1000'
  eventually docker exec "$box" test -s /dev/shm/file
  prints shared run --ipc "container:$box" -- cat /dev/shm/file
  prints "$(docker exec "$box" readlink /proc/self/ns/ipc)" \
    run --ipc "container:$box" -- readlink /proc/self/ns/ipc
}

ipc_private() {
  local inside
  inside=$(run --ipc private -- readlink /proc/self/ns/ipc)
  [[ $inside == ipc:* && $inside != "$(readlink /proc/self/ns/ipc)" ]]
}

uts_host() {
  prints "$(hostname)" run --uts host -- hostname
}

cgroupns_private() {
  matches ":/$" run --cgroupns private -- grep -E ':(pids|):' /proc/self/cgroup
}

check "--network none: loopback alone" network_none
check "--network bridge: reached at its address" network_bridge
check "--network host" network_host
check "--network container:NAME" network_container
check "--publish: reached over loopback" port
check "a network of the user's, with names" own_network
check "--pid host" pid_host
check "--pid host: removal ends every process" pid_host_ends_all
check "--pid container:NAME" pid_container
check "--ipc host" ipc_host
check "--ipc shareable and container:NAME share memory" ipc_shared
check "--ipc none: no /dev/shm" prints none \
  run --ipc none -- sh -c 'test -e /dev/shm || echo none'
check "--ipc private" ipc_private
check "--uts host" uts_host
check "--hostname" prints somewhere run --hostname somewhere -- hostname
check "--hostname and --domainname" resolves
check "--cgroupns private: the container's cgroup is the root" cgroupns_private
check "--cgroupns host" matches ":/(docker/|system.slice/docker-)" run --cgroupns host -- cat /proc/self/cgroup
