"""How much RAM there is on this machine, and how much of it a child may still take.

Asks the system, and the cgroups where they set limits. Knows nothing of models.
"""

from collections.abc import Iterator
from pathlib import Path

import psutil

from compare.memory.cgroups import Cgroups, read

_V2 = ("memory.max", "memory.current")  # docs.kernel.org/admin-guide/cgroup-v2.html
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")  # docs.kernel.org/admin-guide/cgroup-v1


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
    """Each limit on memory, of this process's group and of those above it, and what is taken of it."""
    for groups, (limit, used) in (
        (cgroups.of_version_2(), _V2),
        (cgroups.of_version_1("memory"), _V1),
    ):
        for group in groups:
            allowed, taken = _number(group / limit), _number(group / used)
            if allowed is not None and taken is not None:
                yield allowed, taken


def _address_space_left(pid: int) -> int | None:
    try:
        process = psutil.Process(pid)
        soft, _ = process.rlimit(psutil.RLIMIT_AS)
        if soft == psutil.RLIM_INFINITY:
            return None
        return soft - process.memory_info().vms
    except (AttributeError, psutil.Error):  # only Linux has it
        return None


def _number(path: Path) -> int | None:
    try:
        return int(read(path) or "")
    except ValueError:  # "max" is no limit
        return None
