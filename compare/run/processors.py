"""The processors that this process may compute on, and how many of them are worth a thread each.

Asks the system. Knows neither quotas nor models.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from compare.memory.cgroups import read

SYSFS = Path("/sys/devices/system/cpu")
CPUINFO = Path("/proc/cpuinfo")
_SIBLINGS = "core_cpus_list", "thread_siblings_list", "core_cpus", "thread_siblings"
"""The processors of one core, under a newer and an older name (docs.kernel.org/admin-guide/cputopology)."""
_SLOW = 2 / 3
"""A core of less than this part of the fastest one's capacity is built to save power: Arm's small cores have
at most six tenths of the large ones beside them (capacity-dmips-mhz in the kernel's device trees)."""


@dataclass(frozen=True, slots=True)
class Processors:
    logical: int
    """threads that the hardware can run at once"""
    physical: int
    """cores, of which some may run two threads"""
    efficiency: int = 0
    """of these, cores that are built to save power, beside faster ones"""
    virtual: bool = False
    """as a virtual machine is told them"""

    @property
    def useful(self) -> int:
        """Those worth a thread each: cores, as llama.cpp's own tools count them (common.cpp,
        common_cpu_get_num_math). A core's second thread hardly helps, and all wait for the slowest.

        A virtual machine's siblings are its host's word only, and two real cores taken for one would write
        half as fast (SmolLM2 on two: 76 tok/s with two threads, 44 with one): it has two, if it can.
        """
        useful = self.physical - self.efficiency
        return max(useful, min(2, self.logical)) if self.virtual else useful


def processors(mask: set[int] | None, sysfs: Path = SYSFS, cpuinfo: Path = CPUINFO) -> Processors:
    """What those of the affinity mask are. `mask` None: the system has no masks, so all of it.

    A system that doesn't tell has a core for each.
    """
    if not mask:
        return _apple() if sys.platform == "darwin" else _alike(os.cpu_count() or 1)
    cores: dict[str, int] = {}
    for number in sorted(mask):
        cores.setdefault(_core(sysfs, number), number)
    slow = _efficiency(set(cores.values()), sysfs)
    virtual = "hypervisor" in (read(cpuinfo) or "").split()
    return Processors(len(mask), len(cores), len(slow), virtual)


def _core(sysfs: Path, number: int) -> str:
    """What names the core that a processor is a thread of: all its siblings."""
    told = (read(sysfs / f"cpu{number}" / "topology" / name) for name in _SIBLINGS)
    return next((text.strip() for text in told if text and text.strip()), f"cpu{number}")


def _efficiency(cores: set[int], sysfs: Path) -> set[int]:
    """Of cores, each by one of its processors, those that are slower by design; none where all are.

    Intel's say it by their kind, others by their capacity. Clocks don't tell: they differ between cores of
    one kind, too, and llama.cpp counts compact cores of a lower clock (AMD's).
    """
    fast = _listed(read(sysfs.parent.parent / "cpu_core" / "cpus")) & cores
    if not fast:
        capacities = {n: _number(read(sysfs / f"cpu{n}" / "cpu_capacity")) for n in cores}
        least = _SLOW * max(capacities.values())
        fast = {n for n, capacity in capacities.items() if capacity >= least}
    return cores - fast


def _listed(text: str | None) -> set[int]:
    """Processors as the kernel lists them: 0-3,8."""
    found: set[int] = set()
    for part in (text or "").strip().split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            found.update(range(int(first), int(last or first) + 1))
    return found


def _number(text: str | None) -> int:
    return int(text) if text and text.strip().isdecimal() else 0


def _apple() -> Processors:
    """By sysctl(3): level 0 are the performance cores, where there are levels (Apple silicon)."""
    logical = _sysctl("hw.logicalcpu") or os.cpu_count() or 1
    physical = _sysctl("hw.physicalcpu") or logical
    return Processors(
        logical, physical, physical - (_sysctl("hw.perflevel0.physicalcpu") or physical)
    )


def _sysctl(name: str) -> int:
    """0 where there is no such name."""
    try:
        said = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True)
    except OSError:
        return 0
    return _number(said.stdout)


def _alike(count: int) -> Processors:
    return Processors(count, count)
