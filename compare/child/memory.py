"""How much memory this process has taken, from the system or from NVIDIA's driver.

Knows nothing of models.
"""

import os

import psutil

from compare.protocol.devices import Gpus


class Vram(Gpus):
    """What a process takes on NVIDIA's GPUs, all of them together.

    Made before a model loads: where the driver doesn't list the process, as in many containers, the
    devices' change since then is what can be told. `nvml`: as in Gpus.
    """

    def __init__(self, nvml=None, pid: int | None = None):
        super().__init__(nvml)
        self._pid = pid or os.getpid()
        self._used_before = self.together(self._used)
        self._peak = 0
        self._change: int | None = None

    def measured(self) -> dict[str, int | str | None]:
        """`measured_bytes`, None where the driver can't tell, and `scope`: `process` or `device`.

        Of the process the most that any call has seen; of the device the change until the first call,
        right after the load, since later changes may be another model's.
        """
        self._peak = max(self._peak, self.together(self._listed) or 0)
        if self._peak:
            return {"measured_bytes": self._peak, "scope": "process"}
        used = self.together(self._used)
        if self._change is None and used is not None and self._used_before is not None:
            self._change = max(0, used - self._used_before)
        if self._change is None:
            return {"measured_bytes": None, "scope": "process"}
        return {"measured_bytes": self._change, "scope": "device"}

    def _used(self, device) -> int:
        return self.nvml.nvmlDeviceGetMemoryInfo(device).used

    def _listed(self, device) -> int:
        """0 where the process isn't listed, or is listed without a figure."""
        processes = self.nvml.nvmlDeviceGetComputeRunningProcesses(device)
        return sum(each.usedGpuMemory or 0 for each in processes if each.pid == self._pid)


def measured() -> dict[str, int | None]:
    """Resident bytes of this process: `measured_bytes`, of which `own_bytes` are its own and
    `mapped_bytes` pages of files, such as weights; the parts are None where the system doesn't tell.
    """
    info = psutil.Process().memory_info()
    mapped = getattr(info, "shared", None)  # Linux: RssFile + RssShmem
    own = None if mapped is None else info.rss - mapped
    return {"measured_bytes": info.rss, "own_bytes": own, "mapped_bytes": mapped}
