# Volumes, tmpfs, read-only roots and propagation.

volume_kept() {
  run --volume "$box:/data" -- sh -c 'echo kept >/data/file'
  prints kept run --volume "$box:/data" -- cat /data/file
  docker volume rm "$box"
}

bind_read_only() {
  echo content >file
  prints content run --volume "$PWD:/data:ro" -- cat /data/file
  refuses "Read-only" run --volume "$PWD:/data:ro" -- touch /data/new
}

bind_file() {
  echo content >file
  prints content run --mount "type=bind,source=$PWD/file,target=/new/place" -- cat /new/place
}

shared_source() {
  mkdir -p source
  mountpoint --quiet source || mount -t tmpfs source source
  mount --make-shared source
  mkdir -p source/sub
}

# propagation NAME FIELD: the optional fields of the mount inside, and with "r" of that below it.
propagation() {
  shared_source
  mount -t tmpfs tmpfs source/sub
  local -r below=${1%%[^r]*}
  matches "/data${below:+/sub} [^ ]+ $2- " \
    run --mount "type=bind,source=$PWD/source,target=/data,bind-propagation=$1" -- \
    grep " /data${below:+/sub} " /proc/self/mountinfo
  umount source/sub source
}

# From the host into the container.
received() {
  shared_source
  start --mount "type=bind,source=$PWD/source,target=/data,bind-propagation=$1" -- sleep 1000
  mount -t tmpfs tmpfs source/sub
  echo there >source/sub/file
  local status=0
  docker exec "$box" test -e /data/sub/file || status=$?
  umount source/sub
  docker rm --force "$box"
  umount --lazy source
  [[ $status -eq $2 ]]
}

# From the container to the host.
sent() {
  shared_source
  start --privileged --mount "type=bind,source=$PWD/source,target=/data,bind-propagation=$1" -- \
    sh -c 'mount -t tmpfs tmpfs /data/sub; echo there >/data/sub/file; echo mounted; sleep 1000'
  eventually logged mounted
  local status=0
  stat source/sub/file || status=$?
  docker rm --force "$box"
  ! mountpoint --quiet source/sub || umount source/sub
  umount --lazy source
  [[ $status -eq $2 ]]
}

read_only_with_tmpfs() {
  run --read-only --tmpfs /work -- touch /work/file
  refuses "Read-only" run --read-only --tmpfs /work -- touch /file
}

volumes_from() {
  start --volume /data -- sh -c 'echo kept >/data/file; sleep 1000'
  eventually docker exec "$box" test -s /data/file
  prints kept run --volumes-from "$box" -- cat /data/file
}

check "a named volume keeps what is written" volume_kept
check "--volume DIRECTORY:...:ro" bind_read_only
check "--mount of a file on a path that does not exist" bind_file
check "--volumes-from" volumes_from
check "--read-only" refuses "Read-only file system" run --read-only -- touch /file
check "--read-only with --tmpfs" read_only_with_tmpfs
check "--tmpfs with options" matches "tmpfs rw.*size=1024k,mode=700" \
  run --tmpfs /work:size=1m,mode=700 -- grep /work /proc/mounts
check "--mount type=tmpfs" matches "tmpfs rw.*size=1024k" \
  run --mount type=tmpfs,target=/work,tmpfs-size=1048576 -- grep /work /proc/mounts
slave='master:[0-9]+ (propagate_from:[0-9]+ )?'
check "--mount bind-propagation=private" propagation private ''
check "--mount bind-propagation=rprivate" propagation rprivate ''
check "--mount bind-propagation=shared" propagation shared 'shared:[0-9]+ '
check "--mount bind-propagation=rshared" propagation rshared 'shared:[0-9]+ '
check "--mount bind-propagation=slave" propagation slave "$slave"
check "--mount bind-propagation=rslave" propagation rslave "$slave"
check "propagation: rslave receives the host's mounts" received rslave 0
check "propagation: rprivate does not" received rprivate 1
check "propagation: rshared sends mounts to the host" sent rshared 0
check "propagation: rslave does not" sent rslave 1
check "a source that does not exist is refused by --mount" \
  refuses "does not exist" run --mount type=bind,source=/no/such,target=/data -- true
check "a volume on a path through the image's symlink stays inside" \
  prints inside run --volume "$scratch/busybox/etc/plain-file:/bin/../proc/../etc/inside" -- \
  sh -c 'test -e /etc/inside && echo inside'
