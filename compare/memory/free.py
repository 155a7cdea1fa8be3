"""How much RAM there is on this machine, and how much of it a child may still take.

Asks the system, and the cgroups where they set limits. Knows nothing of models.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from compare.memory.cgroups import Cgroups, read


@dataclass(frozen=True, slots=True)
class _Files:
    """Where a group says what it may have, and what it has."""

    limits: tuple[str, ...]
    used: str
    cache: str
    """in memory.stat: pages of files, of its subgroups too, that nobody has used lately"""


# docs.kernel.org/admin-guide/cgroup-v2.html: above memory.high a group is slowed down until it has less.
_V2 = _Files(("memory.max", "memory.high"), "memory.current", "inactive_file")
# docs.kernel.org/admin-guide/cgroup-v1/memory.html
_V1 = _Files(("memory.limit_in_bytes",), "memory.usage_in_bytes", "total_inactive_file")


def free_bytes(cgroups: Cgroups | None = None, child: int | None = None) -> int:
    """RAM that a child may still take: what the system has available, within the limits of its cgroups
    and, for the process `child`, its own limit on address space (`ulimit -v`).
    """
    rooms = [psutil.virtual_memory().available]
    rooms += [allowed - taken for allowed, taken in _limits(cgroups or Cgroups())]
    if child is not None and (left := _address_space_left(child)) is not None:
        rooms.append(left)
    return max(0, min(rooms))


def total_bytes(cgroups: Cgroups | None = None) -> int:
    """RAM that there is: the system's, or a cgroup's limit where that is less."""
    limits = [allowed for allowed, _ in _limits(cgroups or Cgroups())]
    return min([psutil.virtual_memory().total, *limits])


def _limits(cgroups: Cgroups) -> Iterator[tuple[int, int]]:
    """Each limit on memory, of this process's group and of those above it, and what is taken of it.

    Pages of files that nobody has used lately are given up before anyone goes short: they aren't taken, as
    in Kubernetes' working set (kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction).
    """
    for groups, files in ((cgroups.of_version_2(), _V2), (cgroups.of_version_1("memory"), _V1)):
        for group in groups:
            used = _number(read(group / files.used))
            told = (_number(read(group / name)) for name in files.limits)
            limits = [each for each in told if each is not None]
            if limits and used is not None:
                yield min(limits), max(0, used - _cached(group, files.cache))


def _cached(group: Path, name: str) -> int:
    """Bytes under a name of the group's memory.stat, a line each: name, number. 0 where it isn't told."""
    lines = (line.partition(" ") for line in (read(group / "memory.stat") or "").splitlines())
    return next((_number(value) or 0 for key, _, value in lines if key == name), 0)


def children_bytes() -> tuple[int, int]:
    """How many processes this one has started that still are, and what of them is in memory together."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            found.append(child.memory_info().rss)
    return len(found), sum(found)


def _address_space_left(pid: int) -> int | None:
    try:
        process = psutil.Process(pid)
        soft, _ = process.rlimit(psutil.RLIMIT_AS)
        if soft == psutil.RLIM_INFINITY:
            return None
        return soft - process.memory_info().vms
    except (AttributeError, psutil.Error):  # only Linux has it
        return None


def _number(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:  # "max" is no limit
        return None
