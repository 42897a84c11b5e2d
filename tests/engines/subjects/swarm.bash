# The tutorials' distributed part: a manager and a worker, each in a network namespace of its own;
# the worker leaves, and joins again remapped.

subject_swarm() {
  needs swarm dockerd containerd docker ip nsenter || return 0
  busybox_tree "$scratch/busybox"
  # Both sides remap: the user is made once, as the daemon would.
  id dockremap >/dev/null 2>&1 || useradd --system --shell /bin/false dockremap
  sed -i '/^dockremap:/d' /etc/subuid /etc/subgid
  echo dockremap:800000:65536 | tee -a /etc/subgid >>/etc/subuid
  check "a worker leaves, joins again remapped; a global service, a drained node" swarm
}

swarm() {
  make_nodes
  docker swarm init --advertise-addr "$manager_address"
  join_as worker
  rejoin_remapped worker
  global_service
  drained_service
  rejoin_remapped manager
  use_docker "$manager"
  eventually prints 2 managers
}

# A veth pair between the nodes; another pair for the other side.
make_nodes() {
  local subnet=10.99.1 device=swarm${runtime:0:1}
  [[ $runtime == coracle ]] || subnet=10.99.2
  manager=$box-m worker=$box-w manager_address=$subnet.1 worker_address=$subnet.2
  ip netns add "$manager"
  ip netns add "$worker"
  ip link add "${device}m" netns "$manager" type veth peer name "${device}w" netns "$worker"
  connect "$manager" "${device}m" "$manager_address"
  connect "$worker" "${device}w" "$worker_address"
  start_containerd "$worker"
  start_node "$worker"
  start_containerd "$manager"
  start_node "$manager"
}

# connect NETNS DEVICE ADDRESS: without a route to elsewhere, so that no registry is waited for.
connect() {
  ip -n "$1" address add "$3/24" dev "$2"
  ip -n "$1" link set "$2" up
  ip -n "$1" link set lo up
}

# start_node NAME [OPTION...]: services have no option for the runtime: it is the daemon's default.
start_node() {
  dockerd_netns=$1
  start_bare_dockerd "$1" --add-runtime "coracle=$scratch/coracle" --default-runtime "$runtime" \
    "${@:2}"
  use_docker "$1"
  import_busybox
}

# join_as worker|manager: the worker's node, with the token that the manager's gives.
join_as() {
  local token
  use_docker "$manager"
  token=$(docker swarm join-token --quiet "$1")
  use_docker "$worker"
  docker swarm join --token "$token" --advertise-addr "$worker_address" "$manager_address:2377"
  use_docker "$manager"
  eventually prints 2 ready_nodes
}

ready_nodes() {
  docker node ls --format '{{.Status}}' | grep --count Ready
}

managers() {
  docker node ls --format '{{.ManagerStatus}}' | grep --count --extended-regexp "Leader|Reachable"
}

rejoin_remapped() {
  use_docker "$worker"
  docker swarm leave
  stop_daemon "$worker-dockerd"
  use_docker "$manager"
  eventually prints 1 ready_nodes
  start_node "$worker" --userns-remap=default
  join_as "$1"
}

# On every node, as the node's root there: the manager's is the host's, the worker's is not.
global_service() {
  use_docker "$manager"
  docker service create --name global --mode global --detach --no-resolve-image \
    busybox sleep 1000
  eventually runs_as "$manager" 0
  eventually runs_as "$worker" 800000
}

# runs_as NODE UID: the first container of the node.
runs_as() {
  local container
  use_docker "$1"
  container=$(docker ps --quiet | head --lines 1)
  [[ -n $container && $(host_status Uid "$container") == "$2" ]]
}

drained_service() {
  local node
  node=$(docker_of "$worker" info --format '{{.Swarm.NodeID}}')
  use_docker "$manager"
  docker service rm global
  docker service create --name two --replicas 2 --detach --no-resolve-image busybox sleep 1000
  eventually prints 1 containers_on "$worker"
  docker_of "$manager" node update --availability drain "$node"
  eventually prints 0 containers_on "$worker"
  eventually prints 2 containers_on "$manager"
  docker_of "$manager" service rm two
}

# docker_of NODE ARGUMENT...
docker_of() {
  use_docker "$1"
  docker "${@:2}"
}

containers_on() {
  docker_of "$1" ps --quiet | wc -l
}
