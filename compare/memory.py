"""How much memory this process has taken and how much is free, from the system or NVIDIA's driver.

Knows nothing of models. The only pynvml, imported where a GPU is in use.
"""

import os
from collections.abc import Callable, Iterator
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


class Vram:
    """What a process takes on NVIDIA's GPUs, all of them together.

    Made before a model loads: where the driver doesn't list the process, as in many containers, the
    devices' change since then is what can be told. `nvml`: pynvml, or what speaks like it.
    """

    def __init__(self, nvml=None, pid: int | None = None):
        self._nvml = nvml or _driver()
        self._pid = pid or os.getpid()
        self._used_before = self._sum(self._used)
        self._peak = 0
        self._change: int | None = None

    def measured(self) -> dict[str, int | str | None]:
        """`measured_bytes`, None where the driver can't tell, and `scope`: `process` or `device`.

        Of the process the most that any call has seen; of the device the change until the first call,
        right after the load, since later changes may be another model's.
        """
        self._peak = max(self._peak, self._sum(self._listed) or 0)
        if self._peak:
            return {"measured_bytes": self._peak, "scope": "process"}
        used = self._sum(self._used)
        if self._change is None and used is not None and self._used_before is not None:
            self._change = max(0, used - self._used_before)
        if self._change is None:
            return {"measured_bytes": None, "scope": "process"}
        return {"measured_bytes": self._change, "scope": "device"}

    def free_bytes(self) -> int | None:
        """Free on all GPUs together; None where the driver can't tell."""
        return self._sum(lambda device: self._nvml.nvmlDeviceGetMemoryInfo(device).free)

    def totals(self) -> tuple[int, ...]:
        """What each GPU has; none where the driver can't tell."""
        return self._each(lambda device: self._nvml.nvmlDeviceGetMemoryInfo(device).total) or ()

    def _sum(self, of: Callable) -> int | None:
        found = self._each(of)
        return None if found is None else sum(found)

    def _each(self, of: Callable) -> tuple[int, ...] | None:
        """Of all devices; None where there is no driver, or it is gone."""
        if self._nvml is None:
            return None
        try:
            count = self._nvml.nvmlDeviceGetCount()
            return tuple(of(self._nvml.nvmlDeviceGetHandleByIndex(n)) for n in range(count))
        except self._nvml.NVMLError:
            return None

    def _used(self, device) -> int:
        return self._nvml.nvmlDeviceGetMemoryInfo(device).used

    def _listed(self, device) -> int:
        """0 where the process isn't listed, or is listed without a figure."""
        processes = self._nvml.nvmlDeviceGetComputeRunningProcesses(device)
        return sum(each.usedGpuMemory or 0 for each in processes if each.pid == self._pid)


def _driver():
    """pynvml with its library loaded, or None."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except (ImportError, OSError):
        return None
    except pynvml.NVMLError:
        return None
    return pynvml


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # "max" is no limit
        return None


def measured() -> dict[str, int | None]:
    """Resident bytes of this process: `measured_bytes`, of which `own_bytes` are its own and
    `mapped_bytes` pages of files, such as weights; the parts are None where the system doesn't tell.
    """
    info = psutil.Process().memory_info()
    mapped = getattr(info, "shared", None)  # Linux: RssFile + RssShmem
    own = None if mapped is None else info.rss - mapped
    return {"measured_bytes": info.rss, "own_bytes": own, "mapped_bytes": mapped}
