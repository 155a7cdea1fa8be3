"""What NVIDIA's driver tells of memory, and what it leaves out, with a small stand-in for its library."""

from types import SimpleNamespace

import pytest

from compare.child.memory import Vram, measured

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
        return SimpleNamespace(
            used=device["used"], free=device.get("free", 0), total=device.get("total", 0)
        )

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


def test_the_peak_of_a_process_is_kept():
    driver = Driver({"used": 0, "processes": {7: 500 * MIB}})
    vram = Vram(driver, 7)
    for now, peak in ((500, 500), (620, 620), (540, 620)):
        driver.devices[0]["processes"][7] = now * MIB
        assert vram.measured()["measured_bytes"] == peak * MIB


def test_another_models_load_is_not_counted_in_the_devices_change():
    driver = Driver({"used": 100 * MIB})
    vram = Vram(driver, 7)
    driver.devices[0]["used"] = 750 * MIB
    vram.measured()
    driver.devices[0]["used"] = 5_000 * MIB
    assert vram.measured() == {"measured_bytes": 650 * MIB, "scope": "device"}


def test_a_gpus_total_is_told_apart():
    assert Vram(Driver({"used": 1, "total": 5}, {"used": 1, "total": 7}), 7).totals() == (5, 7)
    driver = Driver()
    driver.gone = True
    assert Vram(driver, 7).totals() == ()


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


def test_a_driver_that_goes_away_later_leaves_what_was_seen():
    driver = Driver({"used": 1, "processes": {7: MIB}})
    vram = Vram(driver, 7)
    vram.measured()
    driver.gone = True
    assert vram.measured() == {"measured_bytes": MIB, "scope": "process"}


def test_without_a_driver_the_figure_is_unknown():
    driver = Driver()
    driver.gone = True
    vram = Vram(driver, 7)
    assert vram.measured() == {"measured_bytes": None, "scope": "process"}


def test_a_process_without_a_gpu_has_its_own_and_its_mapped_memory():
    found = measured()
    assert found["measured_bytes"] == found["own_bytes"] + found["mapped_bytes"] > 10 * MIB
