"""The thread budget: how many cores this process really has, and how running columns divide them.

Pure but for `here`, which reads the machine. Knows nothing of models or processes. A container's
limits count, not the host's cores: threads beyond them make llama.cpp's others wait for each other.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from compare.memory.cgroups import Cgroups, read
from compare.run.processors import Processors, processors


@dataclass(frozen=True, slots=True)
class Cores:
    """What this process may compute on."""

    processors: Processors
    """those of its affinity mask"""
    quota: float | None = None
    """how many of them its cgroups let it use at a time, on average; None: all"""

    @property
    def threads(self) -> int:
        """Whole cores worth a thread each, at least 1. A quota of 2.5 gives 2."""
        useful = self.processors.useful
        return max(1, int(useful if self.quota is None else min(useful, self.quota)))


def budget(override: int | None = None) -> int:
    """The threads that all running columns may have together; `override` replaces what is found."""
    return here().threads if override is None else max(1, override)


def here() -> Cores:
    """Of this process, on this machine."""
    # Only Linux has masks; elsewhere a process may run on every core.
    mask = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    return Cores(processors(mask), quota(Cgroups()))


def quota(cgroups: Cgroups) -> float | None:
    """Cores that the groups above this process allow; the smallest counts."""
    return min(_quotas(cgroups), default=None)


def shares(budget: int, running: Sequence[str]) -> dict[str, int]:
    """Threads for each running column: the budget in equal parts, the first ones one more.

    Never more than the budget together, unless there are more columns than that: one thread each.
    """
    if not running:
        return {}
    each, over = divmod(budget, len(running))
    return {name: max(1, each + (place < over)) for place, name in enumerate(running)}


def _quotas(cgroups: Cgroups) -> list[float]:
    """Of each group above this process that has one.

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
