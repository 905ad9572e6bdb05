"""What processes use: CPU time and memory. Of other processes Linux alone tells."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def own_cpu_seconds() -> float:
    """Give the CPU time of this process, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def cpu_seconds(pid: int) -> float:
    """Give the CPU time of a process with all its threads, user and system; 0 if it has ended."""
    return _ticks(pid, 11, 12) / _TICKS  # utime and stime, fields 14 and 15 of proc(5)


def family_cpu_seconds(pid: int) -> float:
    """Give the CPU time of a process and of its children, those that have ended included."""
    own = _ticks(pid, 11, 12, 13, 14) / _TICKS  # with cutime and cstime, which the ended leave
    return own + sum(cpu_seconds(child) for child in children_of(pid))


def children_of(pid: int) -> list[int]:
    """Give the children of a process that live now."""
    found = (int(each.name) for each in Path("/proc").glob("[0-9]*"))
    return [each for each in found if _fields(each)[1:2] == [str(pid)]]


def resident_megabytes(pid: int | None = None) -> float:
    """Give the memory that a process holds, this one if none is named."""
    statm = Path(f"/proc/{pid or 'self'}/statm")
    if pid is not None or statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # all that other systems tell
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def _ticks(pid: int, *numbers: int) -> int:
    fields = _fields(pid)
    return sum(int(fields[number]) for number in numbers) if fields else 0


def _fields(pid: int) -> list[str]:
    """Give what ``/proc/PID/stat`` says after the name, which may hold anything; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
