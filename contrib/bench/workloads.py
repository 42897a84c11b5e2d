"""What is measured: each workload as lines for driver.c."""

import dataclasses
import typing

SLEEP = ("/bin/sleep", "100000")
TRUE = ("/bin/true",)
WINCH, KILL = 28, 9


@dataclasses.dataclass
class Amount:
    """How often or how many, in a full run and in a quick one."""
    full: int
    quick: int

    def of(self, quick):
        return self.quick if quick else self.full


@dataclasses.dataclass
class Workload:
    """One sample is a list of (mode, command): `sample(runtime, bundle)`."""
    name: str
    what: str
    config: str
    sample: typing.Callable
    rounds: Amount
    program: typing.Sequence[str] = TRUE
    lives: bool = False  # the bundle's container runs meanwhile
    view: str = "v2"
    others: Amount = dataclasses.field(default_factory=lambda: Amount(0, 0))  # alive, per runtime
    starts: Amount | None = None  # by two workers, each a half; one sample is all of them
    full_only: bool = False  # not in a quick run, unless it is named


def run(runtime, bundle):
    return [("time", runtime.run(bundle))]


def run_cold(runtime, bundle):
    """With an empty state root: whatever a runtime keeps there is gone."""
    return [("quiet", ["/bin/rm", "-rf", runtime.root]),
            ("quiet", ["/bin/mkdir", "-m", "700", runtime.root]), *run(runtime, bundle)]


def lifecycle(runtime, bundle):
    """The wait for the program's end is no part of the time: a shim is told of it."""
    return [("time", runtime.create(bundle)), ("time", runtime.start(bundle)),
            ("await", [bundle.file("pid")]), ("time", runtime.delete(bundle))]


def delete(runtime, bundle):
    return [("quiet", runtime.detach(bundle)), ("quiet-await", [bundle.file("pid")]),
            ("time", runtime.delete(bundle))]


def execute(runtime, bundle):
    return [("time", runtime.exec(bundle))]


def state(runtime, bundle):
    return [("time", runtime.state(bundle))]


def kill(runtime, bundle):
    """What it does by default is nothing: the next sample finds the container alive."""
    return [("time", runtime.kill(bundle, WINCH))]


def list_all(runtime, _):
    return [("time", runtime.list())]


def starts_and_execs(view, end):
    often, seldom = Amount(200, 15), Amount(100, 10)
    return [
        Workload(f"run{end}", "what `runc spec` writes", "minimal", run, often, view=view),
        Workload(f"run-docker{end}", "as Docker configures it", "docker", run, often, view=view),
        Workload(f"run-docker-cold{end}", "the same with an empty state root", "docker", run_cold,
                 seldom, view=view),
        Workload(f"run-docker-userns{end}", "as Docker does with userns-remap", "docker-userns",
                 run, often, view=view),
        Workload(f"run-docker-userns-cold{end}", "the same with an empty state root",
                 "docker-userns", run_cold, seldom, view=view),
        Workload(f"create-start-delete{end}", "three commands", "minimal", lifecycle, often,
                 view=view),
        Workload(f"exec{end}", "of `true`", "minimal", execute, often, SLEEP, True, view),
        Workload(f"exec-docker{end}", "with Docker's seccomp profile", "docker", execute, often,
                 SLEEP, True, view),
    ]


def others(view, end, full_only):
    often, seldom, few = Amount(200, 15), Amount(50, 5), Amount(10, 3)
    some, many = Amount(100, 100), Amount(1000, 200)
    found = [
        Workload(f"state{end}", "of one container", "minimal", state, often, SLEEP, True, view),
        Workload(f"kill{end}", "with a signal that is ignored", "minimal", kill, often, SLEEP, True,
                 view),
        Workload(f"delete{end}", "of a container that has ended", "minimal", delete,
                 Amount(100, 10), view=view),
        Workload(f"parallel{end}", "starts by two workers", "minimal", run, Amount(5, 2),
                 view=view, starts=Amount(200, 40)),
        Workload(f"run-binds-100{end}", "100 bind mounts", "binds-100", run, seldom, view=view),
        Workload(f"run-binds-1000{end}", "1,000 bind mounts", "binds-1000", run, few, view=view),
        Workload(f"run-others-100{end}", "100 other containers alive", "minimal", run, seldom,
                 view=view, others=some),
        Workload(f"list-100{end}", "of 100 containers", "minimal", list_all, Amount(50, 5),
                 view=view, others=some),
        Workload(f"run-others-1000{end}", "1,000 other containers alive", "minimal", run, seldom,
                 view=view, others=many),
        Workload(f"state-others-1000{end}", "of one, 1,000 others alive", "minimal", state, often,
                 SLEEP, True, view, many),
        Workload(f"list{end}", "of 1,000 containers", "minimal", list_all, Amount(20, 5), view=view,
                 others=many),
    ]
    return [dataclasses.replace(workload, full_only=full_only) for workload in found]


def workloads():
    """In the order in which they are measured: those with the same others beside each other."""
    return [*starts_and_execs("v2", ""), *others("v2", "", False),
            *starts_and_execs("v1", "-v1"), *others("v1", "-v1", True)]
