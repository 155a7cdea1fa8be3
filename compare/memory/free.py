"""How much RAM there is on this machine, and how much of it a child may still take.

Asks the system, and the cgroup where it sets a limit. Knows nothing of models.
"""

from collections.abc import Iterator
from pathlib import Path

import psutil

CGROUP_ROOT = Path("/sys/fs/cgroup")
_LIMITS = (
    ("memory.max", "memory.current"),  # docs.kernel.org/admin-guide/cgroup-v2.html
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),  # and of version 1
)


def free_bytes(cgroup_root: Path = CGROUP_ROOT, child: int | None = None) -> int:
    """RAM that a child may still take: what the system has available, within the cgroup's limit and,
    for the process `child`, its own limit on address space (`ulimit -v`).
    """
    found = [psutil.virtual_memory().available]
    found += [allowed - taken for allowed, taken in _limits(cgroup_root)]
    if child is not None and (left := _address_space_left(child)) is not None:
        found.append(left)
    return max(0, min(found))


def total_bytes(cgroup_root: Path = CGROUP_ROOT) -> int:
    """RAM that there is: the system's, or the cgroup's limit where that is less."""
    return min([psutil.virtual_memory().total, *(allowed for allowed, _ in _limits(cgroup_root))])


def _limits(cgroup_root: Path) -> Iterator[tuple[int, int]]:
    """The cgroup's limit and what is taken of it, of each version that tells both."""
    for limit, used in _LIMITS:
        allowed, taken = _number(cgroup_root / limit), _number(cgroup_root / used)
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
        return int(path.read_text())
    except (OSError, ValueError):  # "max" is no limit
        return None
