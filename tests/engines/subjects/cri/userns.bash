# Pods with hostUsers: false: a user namespace of the pod's own, and idmapped volumes.

# The range that a kubelet would take, one for each case and side.
own_users() {
  base=$((65536 * (10 + number * 2)))
  [[ $runtime == coracle ]] || base=$((base + 65536))
  map='{"host_id": '$base', "container_id": 0, "length": 65536}'
  users='"userns_options": {"mode": 0, "uids": ['$map'], "gids": ['$map']}'
}

own_namespace() {
  own_users
  make_pod "$users"
  prints "0 $base 65536" crictl exec "$main" sh -c 'echo $(cat /proc/self/uid_map)'
  prints root crictl exec "$main" whoami
  prints "$base" awk '$1 == "Uid:" { print $2 }' "/proc/$(cri_pid)/status"
}

idmapped_volume() {
  own_users
  mkdir -p volume
  echo content >volume/file
  mounts='{"container_path": "/data", "host_path": "'$PWD/volume'",
    "uidMappings": ['$map'], "gidMappings": ['$map']}'
  make_pod "$users"
  prints "0 content" crictl exec "$main" sh -c 'echo $(stat -c %u /data/file) $(cat /data/file)'
  crictl exec "$main" touch /data/new
  prints 0 stat --format %u volume/new
}

with_host_network() {
  own_users
  make_pod "\"network\": 2, $users"
  prints "$(readlink /proc/self/ns/net)" crictl exec "$main" readlink /proc/self/ns/net
  prints "0 $base 65536" crictl exec "$main" sh -c 'echo $(cat /proc/self/uid_map)'
}

# with_own_users CASE: one of pods.bash.
with_own_users() {
  own_users
  "$@"
  [[ $(cat pod.json) == *"$map"* ]]
}

# handler_has FEATURE: what the CRI tells the kubelet of this runtime.
handler_has() {
  crictl info | tr -d ' \n' | grep --only-matching --extended-regexp \
    "\{\"features\":\{[^}]*\},\"name\":\"$runtime\"\}" | grep "\"$1\":true"
}

check "features: the handler has user namespaces" handler_has user_namespaces
check "features: the handler has recursive read-only mounts" handler_has recursive_read_only_mounts
check "a pod with a user namespace" own_namespace
check "a pod with a user namespace: exec, its errors, logs" with_own_users pod_runs
check "a pod with a user namespace: stop and removal" with_own_users pod_stops
check "a pod with a user namespace: idmapped volume" idmapped_volume
check "a pod with a user namespace on the host's network" with_host_network
