"""The place the bench works in: a mount namespace of its own, views of the cgroups, and sub-cgroups
that are cleared whatever happens."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import time

CGROUP_ROOT = "/sys/fs/cgroup"


@dataclasses.dataclass
class Hierarchy:
    """One mounted cgroup hierarchy: `name` is a controller, or "systemd"; "" is version 2."""
    name: str
    mount_point: str
    option: str  # what mount(2) takes to mount it once more


@dataclasses.dataclass
class ContainerCgroups:
    """Where a container's cgroups will be, as the floor needs to know it."""
    unified: str  # "": version 1
    v1: dict      # hierarchy -> directory
    mounts: dict  # hierarchy -> where the host mounts it
    options: dict
    cpuset: dict  # file -> text: a cpuset of version 1 starts empty


def hierarchies():
    """Those of version 1 below CGROUP_ROOT, and version 2 where it is first mounted."""
    found = []
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            _, point, kind, options = line.split()[:4]
            if kind == "cgroup2" and all(h.name for h in found):
                found.append(Hierarchy("", point, ""))
            elif kind == "cgroup" and point.startswith(CGROUP_ROOT + "/"):
                words = [o for o in options.split(",")
                         if o not in ("rw", "ro", "relatime", "nosuid", "nodev", "noexec", "xattr")
                         and not o.startswith("release_agent=")]
                name = words[0].removeprefix("name=")
                named = words[0].startswith("name=")
                found.append(Hierarchy(name, point, ("none," if named else "") + ",".join(words)))
    return found


def mount_work(directory):
    """A tmpfs for all that the bench writes, and version 2 of cgroups where the host has none."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "coracle-bench", directory],
                   check=True)
    if all(h.name for h in hierarchies()):
        os.mkdir(f"{directory}/unified")
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", f"{directory}/unified"], check=True)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(text))


class Cgroups:
    """The bench's own cgroups: one directory in every hierarchy."""

    def __init__(self, name):
        self.name = name
        self.all = hierarchies()
        self.cpuset = {}

    def make(self):
        for hierarchy in self.all:
            directory = f"{hierarchy.mount_point}/{self.name}"
            os.mkdir(directory)
            if hierarchy.name == "cpuset":
                for name in ("cpuset.cpus", "cpuset.mems"):
                    self.cpuset[name] = read(f"{hierarchy.mount_point}/{name}")
                    write(f"{directory}/{name}", self.cpuset[name])
            if hierarchy.name == "":
                controllers = read(f"{directory}/cgroup.controllers").split()
                for controller in controllers:
                    write(f"{directory}/cgroup.subtree_control", f"+{controller}")

    def has_v1(self):
        return any(h.name for h in self.all)

    def of_container(self, view, container):
        """The directories of `container` as seen in `view`."""
        if view == "v2":
            path = f"{CGROUP_ROOT}/{self.name}/{container}"
            return ContainerCgroups(path, {}, {}, {}, {})
        v1 = [h for h in self.all if h.name]
        directories = {h.name: f"{h.mount_point}/{self.name}/{container}" for h in v1}
        return ContainerCgroups("", directories, {h.name: h.mount_point for h in v1},
                                {h.name: h.option for h in v1}, self.cpuset)

    def memory_directory(self):
        """Below it new cgroups have a peak of memory; None: this machine counts none."""
        for hierarchy in self.all:
            if hierarchy.name == "memory":
                return f"{hierarchy.mount_point}/{self.name}"
            if hierarchy.name == "":
                directory = f"{hierarchy.mount_point}/{self.name}"
                if "memory" in read(f"{directory}/cgroup.controllers").split():
                    return directory
        return None

    def clear(self):
        """Ends what still runs in them and removes them."""
        for attempt in range(100):
            left = [d for d in self._directories() if not self._clear(d)]
            if not left:
                return []
            time.sleep(0.02 * min(attempt + 1, 10))
        return left

    def _directories(self):
        return [d for h in self.all if os.path.isdir(d := f"{h.mount_point}/{self.name}")]

    @staticmethod
    def _clear(top):
        for directory, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError, ValueError):
                write(f"{directory}/freezer.state", "THAWED")
            with contextlib.suppress(OSError):
                for pid in read(f"{directory}/cgroup.procs").split():
                    with contextlib.suppress(OSError):
                        os.kill(int(pid), signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.rmdir(directory)
        return not os.path.isdir(top)


# What each view's mount namespace does after it was copied from the bench's.
VIEWS = {
    "v1": f"""awk '$3 == "cgroup2" {{ print $2 }}' /proc/self/mounts | xargs -r umount""",
    "v2": f"""[ "$(stat -f -c %T {CGROUP_ROOT})" = cgroup2fs ] || {{
                umount --recursive {CGROUP_ROOT} && mount -t cgroup2 cgroup2 {CGROUP_ROOT}; }}""",
}


class View:
    """A mount namespace that shows pure version 1 or pure version 2; commands run in it."""

    def __init__(self, name):
        self.name = name
        script = f"{VIEWS[name]} && echo ready && exec sleep infinity"
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private",
             "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise RuntimeError(f"cannot show cgroup {name} alone")

    def command(self, words):
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "--", *words]

    def close(self):
        self.holder.kill()
        self.holder.wait()
