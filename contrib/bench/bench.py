"""The prepared machine: makes bundles, lets driver.c run commands, reads what it measured."""

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess

import host
import runtimes
import workloads

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = {"floor": ["floor.c", "floor_init.c"], "driver": ["driver.c"],
            "filter_of": ["filter_of.c"]}
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


class Failed(Exception):
    """The driver ended early; the text is what it and the runtimes wrote."""


@dataclasses.dataclass
class Sample:
    """Microseconds, but `memory_kib`: the largest resident size of one process, or the peak of the
    cgroup where that was measured."""
    wall: int = 0
    cpu: int = 0
    memory_kib: int = 0


def build(work, ready=None):
    """Puts the programs into `work`; from the directory `ready` where they were built before."""
    for name, sources in PROGRAMS.items():
        if ready:
            shutil.copy(os.path.join(ready, name), work)
            continue
        if name != "floor" or not compile_started_as_coracle(work, name, sources):
            compile_program(work, name, sources, ["-static"])


def compile_program(work, name, sources, how, check=True):
    """Whether it could be compiled and linked, with `check` always."""
    return subprocess.run(
        ["cc", "-O2", "-D_GNU_SOURCE", "-o", f"{work}/{name}",
         *(os.path.join(HERE, source) for source in sources), *how], check=check,
        stderr=None if check else subprocess.DEVNULL).returncode == 0


def compile_started_as_coracle(work, name, sources):
    """The floor is not to ask the processor what coracle does not ask (runtime/crt/).  False, and
    a line, where coracle starts by the C library's own code too."""
    start = f"{work}/libc_start_main.o"
    compiled = subprocess.run(
        ["c++", "-std=c++23", "-O2", "-fPIE", "-fno-stack-protector", "-fno-builtin", "-fno-lto",
         "-fno-tree-loop-distribute-patterns", "-D_GNU_SOURCE", "-I", ROOT, "-c", "-o", start,
         os.path.join(ROOT, "runtime/crt/libc_start_main.cpp")],
        check=False, stderr=subprocess.DEVNULL)
    how = ["-fPIE", "-static-pie", start]
    if compiled.returncode == 0 and compile_program(work, name, sources, how, check=False):
        return True
    print("*** the floor starts by the C library's own code: runtime/crt/ does not know it ***")
    return False


class Bench:
    """Programs, views, configurations, runtimes."""

    def __init__(self, work, cgroups, configs, programs):
        self.work, self.cgroups, self.configs = work, cgroups, configs
        self.programs = programs  # Runtimes, the one to compare with first
        self.views = {}
        self.filters = {}
        self.made = 0

    def view(self, name):
        if name not in self.views:
            self.views[name] = host.View(name)
        return self.views[name]

    def close(self):
        for view in self.views.values():
            view.close()

    def bundle(self, runtime, config_name, view, program=workloads.TRUE, change=None):
        """A container of its own, in which `exec` runs `true`; `change` may edit the configuration,
        and set what else `exec` runs as its "exec"."""
        config = self.configs.of(config_name)
        config["process"]["args"] = list(program)
        if change:
            change(config)
        seccomp = self.filter_of(config_name, view) if "seccomp" in config["linux"] else None
        return self._make(runtime, config, view, seccomp)

    def _make(self, runtime, config, view, seccomp):
        self.made += 1
        name = f"{runtime.name}-{self.made}"
        return runtimes.make_bundle(f"{self.work}/bundles/{name}", name, config, self.cgroups, view,
                                    seccomp)

    def bundles_of_workers(self, runtime, config_name, view, count):
        """One for each worker; as one bundle whose names have {} for the worker's number."""
        self.made += 1
        name = f"{runtime.name}-{self.made}-"
        for i in range(count):
            runtimes.make_bundle(f"{self.work}/bundles/{name}{i}", f"{name}{i}",
                                 self.configs.of(config_name), self.cgroups, view, None)
        return runtimes.Bundle(name + "{}", f"{self.work}/bundles/{name}{{}}", {})

    def filter_of(self, config_name, view):
        """A file with the seccomp program that the first runtime made of the configuration."""
        if config_name not in self.filters:
            config = self.configs.of(config_name)
            config["process"]["args"] = list(workloads.SLEEP)
            runtime = self.programs[0]
            bundle = self._make(runtime, config, view, None)
            self.drive(view, [("", "quiet", runtime.detach(bundle))])
            self.filters[config_name] = f"{self.work}/filter-{config_name}"
            with open(self.filters[config_name], "wb") as file:
                subprocess.run([f"{self.work}/filter_of", host.read(bundle.file("pid"))],
                               stdout=file, check=True)
            self.drive(view, [("", *line) for line in end_lines(runtime, bundle)])
        return self.filters[config_name]

    def drive(self, view, lines):
        """Runs lines of (label, mode, command); label -> Sample, the sum of its timed lines."""
        script = f"{self.work}/script"
        with open(script, "w", encoding="utf-8") as file:
            for label, mode, words in lines:
                file.write("\t".join([label, mode, *words]) + "\n")
        # A file: what a runtime leaves running holds its standard error open.
        with open(f"{self.work}/complaints", "w+", encoding="utf-8") as complaints:
            driver = subprocess.Popen(self.view(view).command([f"{self.work}/driver", script]),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=complaints, text=True, start_new_session=True,
                                      env=ENVIRONMENT)
            try:
                out, _ = driver.communicate()
            except BaseException:
                os.killpg(driver.pid, signal.SIGKILL)
                driver.wait()
                raise
            complaints.seek(0)
            text = complaints.read().strip()
        if driver.returncode != 0:
            with contextlib.suppress(ProcessLookupError):  # a command that the driver gave up
                os.killpg(driver.pid, signal.SIGKILL)
            raise Failed(text or f"driver: status {driver.returncode}")
        samples = {}
        for row in out.splitlines():
            label, wall, user, system, memory = row.split("\t")
            sample = samples.setdefault(label, Sample())
            sample.wall += int(wall)
            sample.cpu += int(user) + int(system)
            sample.memory_kib = max(sample.memory_kib, int(memory))
        return samples

    def reset(self):
        """After a failure: nothing runs, nothing is known to any runtime."""
        left = self.cgroups.clear()
        if left:
            raise RuntimeError(f"cannot remove {left}")
        self.cgroups.make()
        for runtime in self.programs:
            shutil.rmtree(runtime.root, ignore_errors=True)
            os.makedirs(runtime.root)

    def populate(self, view, count):
        """Lets every runtime have `count` containers that are alive, on top of what it has."""
        lines = []
        for _ in range(count):
            for runtime in self.programs:
                bundle = self.bundle(runtime, "small", view, workloads.SLEEP)
                lines.append(("populate", "quiet", runtime.detach(bundle)))
        self.drive(view, lines)


def end_lines(runtime, bundle):
    return [("quiet", runtime.kill(bundle, workloads.KILL)),
            ("quiet-await", [bundle.file("pid")]), ("quiet", runtime.delete(bundle))]
