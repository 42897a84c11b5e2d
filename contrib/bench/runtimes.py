"""How each program under measurement is told what to do."""

import dataclasses
import json
import os
import re
import subprocess

import floor_plan

OLDEST = {"crun": (1, 27), "runc": (1, 5)}


@dataclasses.dataclass
class Bundle:
    """A container to be: its configuration and everything that was made of it beforehand."""
    container: str
    directory: str
    config: dict

    def file(self, name):
        return f"{self.directory}/{name}"


class Runtime:
    """coracle, crun or runc: they take the same command line."""

    def __init__(self, name, path, work):
        self.name, self.path = name, os.path.abspath(path)
        self.root = f"{work}/state-{name}"
        os.makedirs(self.root)

    def version(self):
        out = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=True)
        return out.stdout.splitlines()[0]

    def is_too_old(self):
        """Whether comparing with it proves nothing."""
        numbers = re.search(r"(\d+)\.(\d+)", self.version())
        found = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
        return self.name in OLDEST and found < OLDEST[self.name]

    def _command(self, *words):
        return [self.path, "--root", self.root, *words]

    def run(self, bundle):
        return self._command("run", "--bundle", bundle.directory, bundle.container)

    def detach(self, bundle):
        return self._command("run", "--detach", "--bundle", bundle.directory, "--pid-file",
                             bundle.file("pid"), bundle.container)

    def create(self, bundle):
        return self._command("create", "--bundle", bundle.directory, "--pid-file",
                             bundle.file("pid"), bundle.container)

    def start(self, bundle):
        return self._command("start", bundle.container)

    def delete(self, bundle):
        return self._command("delete", bundle.container)

    def exec(self, bundle):
        return self._command("exec", "--process", bundle.file("process.json"), bundle.container)

    def state(self, bundle):
        return self._command("state", bundle.container)

    def kill(self, bundle, signal):
        return self._command("kill", bundle.container, str(signal))

    def list(self):
        return self._command("list")


class Floor(Runtime):
    """floor.c"""

    def version(self):
        return "floor (contrib/bench/floor.c)"

    def _state(self, bundle):
        return f"{self.root}/{bundle.container}"

    def run(self, bundle):
        return [self.path, "run", bundle.file("plan")]

    def detach(self, bundle):
        return [self.path, "detach", bundle.file("plan"), self._state(bundle), bundle.file("pid")]

    def create(self, bundle):
        return [self.path, "create", bundle.file("plan"), self._state(bundle), bundle.file("pid")]

    def start(self, bundle):
        return [self.path, "start", self._state(bundle)]

    def delete(self, bundle):
        return [self.path, "delete", bundle.file("plan"), self._state(bundle)]

    def exec(self, bundle):
        return [self.path, "exec", bundle.file("plan-exec"), self._state(bundle)]

    def state(self, bundle):
        return [self.path, "state", self._state(bundle)]

    def kill(self, bundle, signal):
        return [self.path, "kill", self._state(bundle), str(signal)]

    def list(self):
        return [self.path, "list", self.root]


def make_bundle(directory, container, config, cgroups, view, seccomp_file):
    """Writes config.json for the runtimes, and the plans for the floor beside it."""
    os.makedirs(directory)
    config["linux"]["cgroupsPath"] = f"/{cgroups.name}/{container}"
    bundle = Bundle(container, directory, config)
    process = {**config["process"], "args": config.pop("exec", ["/bin/true"])}
    places = cgroups.of_container(view, container)
    plans = {
        "config.json": json.dumps(config),
        "process.json": json.dumps(process),
        "plan": floor_plan.container_plan(config, places, seccomp_file, bundle.file("devices")),
        "plan-exec": floor_plan.exec_plan(config, process, places, seccomp_file),
    }
    for name, text in plans.items():
        with open(bundle.file(name), "w", encoding="utf-8") as file:
            file.write(text)
    return bundle
