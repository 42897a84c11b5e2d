# Images without a registry: trees that are imported.

# busybox_tree DIRECTORY: BusyBox with all its applets, three users, and a program for httpd.
busybox_tree() {
  local root=$1 name
  [[ ! -e $root ]] || return 0
  mkdir -p "$root"/{bin,dev,etc,home/user,proc,sys,tmp,root,www/cgi-bin}
  cp "$(command -v busybox)" "$root/bin/busybox"
  while read -r name; do
    [[ $name == busybox ]] || ln -s busybox "$root/bin/$name"
  done < <("$root/bin/busybox" --list)
  printf '%s\n' root:x:0:0:root:/root:/bin/sh daemon:x:1:1:daemon:/:/bin/sh \
    user:x:1000:1000:user:/home/user:/bin/sh >"$root/etc/passwd"
  printf '%s\n' root:x:0: daemon:x:1: tty:x:5: user:x:1000: >"$root/etc/group"
  chmod 1777 "$root/tmp"
  chown 1000:1000 "$root/home/user"
  touch "$root/etc/plain-file"
  # The tutorials' registry, in small: keeps what is sent to it in a volume.
  cat >"$root/www/cgi-bin/store" <<'CGI'
#!/bin/sh
cat >/data/pushed && printf 'Content-Type: text/plain\r\n\r\nstored\n' ||
  printf 'Status: 500 no\r\n\r\n'
CGI
  chmod 755 "$root/www/cgi-bin/store"
}

# oci_archive FILE: the same image, busybox, as an OCI image layout for containerd.
oci_archive() {
  local layout=$scratch/oci layer config manifest
  busybox_tree "$scratch/busybox"
  mkdir -p "$layout/blobs/sha256"
  tar --create --directory "$scratch/busybox" --numeric-owner . >"$layout/layer"
  layer=$(blob layer)
  echo '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["/bin/sleep","1000000"]},
    "rootfs":{"type":"layers","diff_ids":["sha256:'"$layer"'"]}}' >"$layout/config"
  config=$(blob config)
  echo '{"schemaVersion":2,"config":'"$(descriptor image.config.v1+json "$config")"',
    "layers":['"$(descriptor image.layer.v1.tar "$layer")"']}' >"$layout/manifest"
  manifest=$(blob manifest)
  echo '{"schemaVersion":2,"manifests":['"$(descriptor image.manifest.v1+json "$manifest" \
    ',"annotations":{"io.containerd.image.name":"example.org/busybox:latest"}')"']}' \
    >"$layout/index.json"
  echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
  tar --create --directory "$layout" . >"$1"
  rm -r "$layout"
}

# blob FILE: puts it among the blobs of oci_archive; prints its digest.
blob() {
  local digest
  digest=$(sha256sum <"$layout/$1")
  mv "$layout/$1" "$layout/blobs/sha256/${digest%% *}"
  echo "${digest%% *}"
}

# descriptor TYPE DIGEST [MORE]
descriptor() {
  printf '{"mediaType":"application/vnd.oci.%s","digest":"sha256:%s","size":%d%s}' \
    "$1" "$2" "$(stat --format %s "$layout/blobs/sha256/$2")" "${3-}"
}

# import_busybox: makes the image busybox in the Docker daemon that $docker_host names.
import_busybox() {
  busybox_tree "$scratch/busybox"
  tar --create --directory "$scratch/busybox" --numeric-owner . | docker import - busybox
}
