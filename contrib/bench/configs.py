"""The bundles that are measured: what `runc spec` writes, what Docker captured, and both with more
mounts.  All say version 1.0.2, the newest that every peer takes."""

import copy
import json
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURED = os.path.join(HERE, "../../tests/data/captured")
DOCKER = "docker26.1-run"
DOCKER_USERNS = "docker26.1-remap-long"
APPLETS = ("sh", "true", "sleep", "cat", "ls", "id", "hostname", "stat", "grep", "wc", "test",
           "head", "mknod", "rm")


def spec_of(runtime, directory):
    """What `runtime spec` writes, without a terminal."""
    subprocess.run([runtime, "spec"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    path = os.path.join(directory, "config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    os.unlink(path)
    config["process"]["terminal"] = False
    return config


def captured(name):
    """An engine's configuration without what is only there under that engine: its hook, a profile
    of AppArmor that it would have loaded, and empty limits, which crun takes for a wish."""
    with open(os.path.join(CAPTURED, name, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    config.pop("hooks", None)
    config["process"].pop("apparmorProfile", None)
    resources = config["linux"]["resources"]
    config["linux"]["resources"] = {key: value for key, value in resources.items() if value}
    return config


def make_rootfs(directory, owner, destinations):
    """BusyBox, with everything there that mounts will cover."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise FileNotFoundError("busybox is needed (contrib/packages run)")
    os.makedirs(f"{directory}/bin")
    shutil.copy(busybox, f"{directory}/bin/busybox")
    for applet in APPLETS:
        os.symlink("busybox", f"{directory}/bin/{applet}")
    for path in ("etc", "proc", "sys", "dev", "tmp", "mnt", *destinations):
        os.makedirs(f"{directory}/{path}", exist_ok=True)
    for name in ("resolv.conf", "hostname", "hosts"):
        with open(f"{directory}/etc/{name}", "w", encoding="utf-8"):
            pass
    for place, directories, files in os.walk(directory):
        for name in [".", *directories, *files]:
            os.chown(os.path.join(place, name), owner, owner, follow_symlinks=False)


class Configs:
    """Makes each configuration once; `of` gives a copy to change."""

    def __init__(self, work, spec_from):
        self.work = work
        self.minimal = spec_of(spec_from, work)
        self.docker = captured(DOCKER)
        self.docker_userns = captured(DOCKER_USERNS)
        owner = self.docker_userns["linux"]["uidMappings"][0]["hostID"]
        binds = [f"mnt/{i}" for i in range(1000)]
        make_rootfs(f"{work}/rootfs", 0, binds)
        make_rootfs(f"{work}/rootfs-mapped", owner, [])
        os.makedirs(f"{work}/source/directory")
        for name in ("resolv.conf", "hostname", "hosts"):
            with open(f"{work}/source/{name}", "w", encoding="utf-8") as file:
                file.write(f"{name}\n")

    def of(self, name):
        """`name`: minimal, docker, docker-userns, binds-N (minimal and N bind mounts), limited
        (minimal and a limit of memory), or small (as few namespaces as it takes to be alive)."""
        if name == "minimal":
            return self._adapt(copy.deepcopy(self.minimal))
        if name == "docker":
            return self._adapt(copy.deepcopy(self.docker))
        if name == "docker-userns":
            return self._adapt(copy.deepcopy(self.docker_userns), "rootfs-mapped")
        config = self._adapt(copy.deepcopy(self.minimal))
        if name == "limited":
            config["linux"]["resources"]["memory"] = {"limit": 64 << 20}
            return config
        if name == "small":
            config["linux"]["namespaces"] = [{"type": "mount"}, {"type": "pid"}]
            config.pop("hostname", None)
            kept = ("/proc", "/dev")
            config["mounts"] = [m for m in config["mounts"] if m["destination"] in kept]
            return config
        for i in range(int(name.removeprefix("binds-"))):
            config["mounts"].append({"destination": f"/mnt/{i}", "type": "bind",
                                     "source": f"{self.work}/source/directory",
                                     "options": ["rbind", "rprivate"]})
        return config

    def _adapt(self, config, rootfs="rootfs"):
        config["ociVersion"] = "1.0.2"
        config["root"]["path"] = f"{self.work}/{rootfs}"
        config["process"]["args"] = ["/bin/true"]
        for mount in config["mounts"]:
            if mount["type"] == "bind":
                mount["source"] = f"{self.work}/source/{os.path.basename(mount['source'])}"
        return config
