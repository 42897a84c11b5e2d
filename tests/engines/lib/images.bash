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

# import_busybox: makes the image busybox in the Docker daemon that $docker_host names.
import_busybox() {
  busybox_tree "$scratch/busybox"
  tar --create --directory "$scratch/busybox" --numeric-owner . | docker import - busybox
}
