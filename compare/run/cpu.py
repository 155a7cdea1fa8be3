"""The thread budget: how many cores this process really has, and how running columns divide them.

Pure but for `budget`, which reads the machine. Knows nothing of models or processes. A container's
limits count, not the host's cores: threads beyond them make llama.cpp's others wait for each other.
"""

import os
from collections.abc import Sequence
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")
# Which groups this process is in, a line each: number, version 1 controllers, path.
MEMBERSHIP = Path("/proc/self/cgroup")


def budget(override: int | None = None) -> int:
    """The threads that all running columns may have together; `override` replaces what is found."""
    if override is not None:
        return max(1, override)
    return cores(_affinity())


def cores(
    mask: set[int] | None, cgroup_root: Path = CGROUP_ROOT, membership: Path = MEMBERSHIP
) -> int:
    """Whole cores, at least 1: those of the affinity mask, or fewer if a cgroup's quota says so.

    `mask` None: the system has no masks, so all its cores. A quota of 2.5 cores gives 2.
    """
    available = len(mask) if mask else os.cpu_count() or 1
    quotas = _quotas(cgroup_root, _read(membership) or "")
    return max(1, int(min([available, *quotas])))


def shares(budget: int, running: Sequence[str]) -> dict[str, int]:
    """Threads for each running column: the budget in equal parts, the first ones one more.

    Never more than the budget together, unless there are more columns than that: one thread each.
    """
    if not running:
        return {}
    each, over = divmod(budget, len(running))
    return {name: max(1, each + (place < over)) for place, name in enumerate(running)}


def _affinity() -> set[int] | None:
    # Only Linux has it; elsewhere a process may run on every core.
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def _quotas(root: Path, membership: str) -> list[float]:
    """Cores that each group above this process allows; the smallest counts.

    Version 2: docs.kernel.org/admin-guide/cgroup-v2.html, cpu.max is "$MAX $PERIOD" in
    microseconds, "max" for none. Version 1: docs.kernel.org/scheduler/sched-bwc.html,
    cpu.cfs_quota_us (-1 for none) of each cpu.cfs_period_us. In a container the root may be the
    process's own group already, while the membership names the host's path: then only the root is
    found.
    """
    v2 = [_cores(_read(group / "cpu.max")) for group in _groups(root, _path(membership, ""))]
    v1 = [
        _cores(f"{_read(group / 'cpu.cfs_quota_us')} {_read(group / 'cpu.cfs_period_us')}")
        for hierarchy in ("cpu", "cpu,cpuacct", "cpuacct,cpu")
        for group in _groups(root / hierarchy, _path(membership, "cpu"))
    ]
    return [quota for quota in (*v2, *v1) if quota is not None]


def _groups(root: Path, path: str) -> list[Path]:
    """The group at `path` under the root, and every one above it, the root included."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return [root.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]


def _path(membership: str, controller: str) -> str:
    """The process's group: in version 1 that of a controller, in version 2 (`""`) the only one."""
    for line in membership.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            return path
    return "/"


def _cores(text: str | None) -> float | None:
    """Quota by period; None for no quota, and for whatever isn't one."""
    try:
        quota, period = map(int, (text or "").split())
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return None
