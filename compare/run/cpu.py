"""The thread budget: how many cores this process really has, and how running columns divide them.

Pure but for `budget`, which reads the machine. Knows nothing of models or processes. A container's
limits count, not the host's cores: threads beyond them make llama.cpp's others wait for each other.
"""

import os
from collections.abc import Sequence

from compare.memory.cgroups import Cgroups, read


def budget(override: int | None = None) -> int:
    """The threads that all running columns may have together; `override` replaces what is found."""
    if override is not None:
        return max(1, override)
    return cores(_affinity())


def cores(mask: set[int] | None, cgroups: Cgroups | None = None) -> int:
    """Whole cores, at least 1: those of the affinity mask, or fewer if a cgroup's quota says so.

    `mask` None: the system has no masks, so all its cores. A quota of 2.5 cores gives 2.
    """
    available = len(mask) if mask else os.cpu_count() or 1
    return max(1, int(min([available, *_quotas(cgroups or Cgroups())])))


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


def _quotas(cgroups: Cgroups) -> list[float]:
    """Cores that each group above this process allows; the smallest counts.

    Version 2: docs.kernel.org/admin-guide/cgroup-v2.html, cpu.max is "$MAX $PERIOD" in
    microseconds, "max" for none. Version 1: docs.kernel.org/scheduler/sched-bwc.html,
    cpu.cfs_quota_us (-1 for none) of each cpu.cfs_period_us.
    """
    v2 = [_cores(read(group / "cpu.max")) for group in cgroups.of_version_2()]
    v1 = [
        _cores(f"{read(group / 'cpu.cfs_quota_us')} {read(group / 'cpu.cfs_period_us')}")
        for group in cgroups.of_version_1("cpu")
    ]
    return [quota for quota in (*v2, *v1) if quota is not None]


def _cores(text: str | None) -> float | None:
    """Quota by period; None for no quota, and for whatever isn't one."""
    try:
        quota, period = map(int, (text or "").split())
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None
