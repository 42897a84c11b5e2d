"""Runs a workload: makes the bundles, writes the driver's script, reads what it measured."""

import dataclasses
import os
import shutil
import signal
import subprocess

import host
import runtimes
import workloads

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = {"floor": ["floor.c", "floor_init.c"], "driver": ["driver.c"],
            "filter_of": ["filter_of.c"]}


class Failed(Exception):
    """The driver ended early; the text is what it and the runtimes wrote."""


@dataclasses.dataclass
class Sample:
    """Microseconds, but `memory_kib`: the largest resident size of one process, or the peak of the
    cgroup where that was measured."""
    wall: int = 0
    cpu: int = 0
    memory_kib: int = 0


def build(work):
    for name, sources in PROGRAMS.items():
        subprocess.run(["cc", "-O2", "-static", "-D_GNU_SOURCE", "-o", f"{work}/{name}",
                        *(os.path.join(HERE, source) for source in sources)], check=True)


class Bench:
    """The prepared machine: programs, views, configurations, runtimes."""

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

    def bundle(self, runtime, config_name, view, program=("/bin/true",), change=None):
        """A container of its own; `change` may edit the configuration."""
        config = self.configs.of(config_name)
        config["process"]["args"] = list(program)
        if change:
            change(config)
        seccomp = self.filter_of(config_name, view) if "seccomp" in config["linux"] else None
        return self._make(runtime, config, view, seccomp)

    def _make(self, runtime, config, view, seccomp):
        self.made += 1
        return runtimes.make_bundle(f"{self.work}/bundles/{self.made}", f"{runtime.name}-{self.made}",
                                    config, self.cgroups, view, seccomp)

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
                                      stderr=complaints, text=True, start_new_session=True)
            try:
                out, _ = driver.communicate()
            except BaseException:
                os.killpg(driver.pid, signal.SIGKILL)
                driver.wait()
                raise
            complaints.seek(0)
            text = complaints.read().strip()
        if driver.returncode != 0:
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
        self.cgroups.clear()
        self.cgroups.make()
        for runtime in self.programs:
            shutil.rmtree(runtime.root, ignore_errors=True)
            os.makedirs(runtime.root)

    def measure(self, workload, rounds):
        """runtime's name -> Samples, or the text of why it has none.  The order of the runtimes
        changes from round to round, so that none always follows the same other."""
        found, able = {}, []
        for runtime in self.programs:
            bundle = self.bundle(runtime, workload.config, workload.view, workload.program)
            try:
                self.drive(workload.view, script(workload, [(runtime, bundle)], 2))
                able.append((runtime, bundle))
            except Failed as failure:
                found[runtime.name] = str(failure)
                self.reset()
        samples = self.drive(workload.view, script(workload, able, rounds)) if able else {}
        for runtime, _ in able:
            found[runtime.name] = [samples[f"{runtime.name}:{i}"] for i in range(rounds)]
        return found


def end_lines(runtime, bundle):
    return [("quiet", runtime.kill(bundle, workloads.KILL)), ("await", [bundle.file("pid")]),
            ("quiet", runtime.delete(bundle))]


def script(workload, pairs, rounds):
    """The driver's lines: what lives begins, the rounds, what lives ends."""
    lines = []
    if workload.lives:
        lines += [("begin", "quiet", runtime.detach(bundle)) for runtime, bundle in pairs]
    for i in range(rounds):
        for runtime, bundle in pairs[i % len(pairs):] + pairs[:i % len(pairs)]:
            lines += [(f"{runtime.name}:{i}", *line) for line in workload.sample(runtime, bundle)]
    if workload.lives:
        for runtime, bundle in pairs:
            lines += [("end", *line) for line in end_lines(runtime, bundle)]
    return lines
