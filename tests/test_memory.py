"""What NVIDIA's driver tells of memory, and what it leaves out, with a small stand-in for its library."""

from types import SimpleNamespace

import pytest

from compare.memory import Vram, measured

MIB = 2**20


class Driver:
    """nvidia-ml-py's functions over devices given as {"used": …, "free": …, "processes": {pid: bytes}}."""

    class NVMLError(Exception):
        pass

    def __init__(self, *devices: dict):
        self.devices = list(devices)
        self.gone = False

    def nvmlDeviceGetCount(self):
        if self.gone:
            raise self.NVMLError
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, n):
        return self.devices[n]

    def nvmlDeviceGetMemoryInfo(self, device):
        return SimpleNamespace(used=device["used"], free=device.get("free", 0))

    def nvmlDeviceGetComputeRunningProcesses(self, device):
        listed = device.get("processes", {})
        return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in listed.items()]


def test_a_listed_process_is_measured_by_itself():
    driver = Driver({"used": 900 * MIB, "processes": {7: 500 * MIB, 8: 300 * MIB}})
    assert Vram(driver, 7).measured() == {"measured_bytes": 500 * MIB, "scope": "process"}


@pytest.mark.parametrize("processes", [{}, {8: 300 * MIB}, {7: 0}, {7: None}])
def test_one_that_is_not_listed_or_without_a_figure_is_the_devices_change(processes):
    driver = Driver({"used": 100 * MIB, "processes": processes})
    vram = Vram(driver, 7)
    driver.devices[0]["used"] = 750 * MIB
    assert vram.measured() == {"measured_bytes": 650 * MIB, "scope": "device"}


def test_two_gpus_are_added_up():
    devices = [{"used": 1, "free": 10 * MIB, "processes": {7: MIB}} for _ in range(2)]
    vram = Vram(Driver(*devices), 7)
    assert vram.measured() == {"measured_bytes": 2 * MIB, "scope": "process"}
    assert vram.free_bytes() == 20 * MIB


def test_a_driver_that_goes_away_leaves_the_figure_unknown():
    driver = Driver({"used": 1})
    vram = Vram(driver, 7)
    driver.gone = True
    assert vram.measured()["measured_bytes"] is None
    assert vram.free_bytes() is None


def test_without_a_driver_the_figure_is_unknown():
    driver = Driver()
    driver.gone = True
    vram = Vram(driver, 7)
    assert vram.measured() == {"measured_bytes": None, "scope": "process"}


def test_a_process_without_a_gpu_has_its_own_and_its_mapped_memory():
    found = measured()
    assert found["measured_bytes"] == found["own_bytes"] + found["mapped_bytes"] > 10 * MIB
