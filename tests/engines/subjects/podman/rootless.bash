# What is different for an ordinary user: uid $walker_id, with ids from $walker_base on.

outside() {
  awk '$1 == "Uid:" { print $2 }' "/proc/$(p_field .State.Pid)/status"
}

root_is_me() {
  p_start -- sleep 1000
  prints 0 podman exec "$box" id -u
  prints "$walker_id" outside
}

keep_id() {
  p_start --userns keep-id -- sleep 1000
  prints "$walker_id" podman exec "$box" id -u
  prints "$walker_id" outside
}

nomap() {
  p_start --userns nomap -- sleep 1000
  prints 0 podman exec "$box" id -u
  prints "$walker_base" outside
}

subordinate_user() {
  p_start --user 1000 -- sleep 1000
  prints $((walker_base + 999)) outside
}

userns_auto() {
  p_start --userns auto:size=2000 -- sleep 1000
  prints 0 podman exec "$box" id -u
  [[ $(outside) -ge $walker_base ]]
}

own_files() {
  install --directory --owner "$walker" data
  p_run --volume "$PWD/data:/data" -- touch /data/file
  prints "$walker" stat --format %U data/file
}

check "root inside is the user outside" root_is_me
check "--userns=keep-id" keep_id
check "--userns=nomap" nomap
check "--userns=auto" userns_auto
check "--user 1000 is a subordinate id outside" subordinate_user
check "--uidmap" prints "0 1 1000" p_run --uidmap 0:1:1000 -- sh -c 'echo $(cat /proc/self/uid_map)'
check "a file made in a volume belongs to the user" own_files
check "the host's files of root are nobody's" prints 65534 \
  p_run --volume /etc/passwd:/p -- stat -c %u /p
check "--device" p_run --device /dev/fuse -- test -c /dev/fuse
if needs "network by slirp4netns" slirp4netns; then
  check "network by slirp4netns" matches tap0 p_run --network slirp4netns -- ls /sys/class/net
fi
