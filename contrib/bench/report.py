"""The tables: medians and their ratios to crun and to the floor."""

import math
import statistics

COLUMNS = ["workload", "program", "median ms", "p95 ms", "CPU ms", "of crun", "of floor", "KiB"]


def percentile(values, share):
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def figures(samples):
    walls = [sample.wall for sample in samples]
    return {"samples": len(samples), "median_us": statistics.median(walls),
            "p95_us": percentile(walls, 0.95),
            "cpu_us": statistics.median(sample.cpu for sample in samples),
            "maxrss_kib": max(sample.memory_kib for sample in samples)}


def summarise(results):
    """workload -> program -> figures, or {"failed": why}"""
    return {workload: {program: {"failed": found} if isinstance(found, str) else figures(found)
                       for program, found in programs.items()}
            for workload, programs in results.items()}


def ratio(programs, program, other):
    if other == program or "median_us" not in programs.get(other, {}):
        return ""
    return f"{programs[program]['median_us'] / programs[other]['median_us']:.2f}"


def rows(summary):
    for workload, programs in summary.items():
        for program, found in programs.items():
            if "failed" in found:
                yield [workload, program, "cannot", "", "", "", "", ""]
                continue
            yield [workload, program, f"{found['median_us'] / 1000:.2f}",
                   f"{found['p95_us'] / 1000:.2f}", f"{found['cpu_us'] / 1000:.2f}",
                   ratio(programs, program, "crun"), ratio(programs, program, "floor"),
                   str(found["maxrss_kib"])]


def text_table(summary):
    table = [COLUMNS, *rows(summary)]
    widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
    lines, previous = [], None
    for row in table:
        if previous not in (None, row[0]):
            lines.append("")
        cells = [row[0] if row[0] != previous else "", *row[1:]]
        previous = row[0]
        lines.append("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(cells, widths))).rstrip())
    return "\n".join(lines)
