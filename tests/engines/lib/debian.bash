# A Debian tree by debootstrap, from the mirror that apt uses here; made outside of the run's
# namespaces, which have no network, and kept in build/engines.

debian_tar=$here/../../build/engines/debian.tar

make_debian_tar() {
  [[ ! -e $debian_tar ]] || return 0
  local mirror codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="$codename" '$1 == "Debian" && $2 == release { print $3; exit }')
  mkdir -p "$(dirname "$debian_tar")"
  # It mounts /proc in the tree.
  unshare --mount debootstrap --variant=minbase "$codename" "$scratch/debian" "$mirror" \
    >"$scratch/debootstrap.log" 2>&1 || { tail -n 3 "$scratch/debootstrap.log" >&2; return 1; }
  rm -rf "$scratch"/debian/var/cache/apt/archives/*.deb "$scratch"/debian/var/lib/apt/lists/*
  tar --create --directory "$scratch/debian" --numeric-owner --file "$debian_tar.new" .
  mv "$debian_tar.new" "$debian_tar"
  rm -rf "$scratch/debian"
}
