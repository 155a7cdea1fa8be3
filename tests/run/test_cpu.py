"""The thread budget, on made-up machines: masks and cgroup files as the kernel writes them."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.memory.cgroups import Cgroups
from compare.run import cpu
from compare.run.cpu import Cores
from compare.run.processors import Processors

EIGHT = Processors(8, 8)


@pytest.fixture
def machine(tmp_path):
    """A machine of cgroup files: `machine({"cpu.max": "…"}, "0::/app")` says its cores."""

    def cores(files, membership="0::/", processors=EIGHT):
        root = tmp_path / "cgroup"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        (tmp_path / "membership").write_text(membership + "\n")
        return Cores(processors, cpu.quota(Cgroups(root, tmp_path / "membership"))).threads

    return cores


def v1(quota, period="100000", group="cpu"):
    return {f"{group}/cpu.cfs_quota_us": f"{quota}\n", f"{group}/cpu.cfs_period_us": f"{period}\n"}


def test_without_cgroups_there_is_no_quota(tmp_path):
    assert cpu.quota(Cgroups(tmp_path / "none", tmp_path / "none")) is None


@pytest.mark.parametrize(
    "quota, cores",
    [
        ("200000 100000\n", 2),
        ("250000 100000\n", 2),
        ("299999 100000\n", 2),
        ("50000 100000\n", 1),
        ("1000 100000\n", 1),
        ("10000 5000\n", 2),
        ("1600000 100000\n", 8),
        ("max 100000\n", 8),
        ("", 8),
        ("200000\n", 8),
        ("200000 0\n", 8),
        ("-1 100000\n", 8),
        ("0 100000\n", 8),
        ("two three\n", 8),
        ("1 2 3\n", 8),
        (b"\xff\xfe\x00", 8),
    ],
)
def test_a_quota_is_rounded_down_and_nonsense_is_none(machine, quota, cores):
    assert machine({"cpu.max": quota}) == cores


@pytest.mark.parametrize(
    "files, cores",
    [
        ({"app/cpu.max": "300000 100000", "app/job/cpu.max": "max 100000"}, 3),
        ({"app/cpu.max": "300000 100000", "app/job/cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "100000 100000", "app/job/cpu.max": "200000 100000"}, 1),
        ({"app/job/cpu.max": "400000 100000"}, 4),
        ({"app/other/cpu.max": "100000 100000"}, 8),
        ({"app/job/child/cpu.max": "100000 100000"}, 8),
    ],
)
def test_the_smallest_quota_of_the_own_group_and_those_above_it_counts(machine, files, cores):
    assert machine(files, membership="0::/app/job") == cores


def test_a_group_of_the_host_that_a_container_cannot_see_leaves_the_root(machine):
    assert machine({"cpu.max": "200000 100000"}, "0::/../../kubepods/pod1") == 2


@pytest.mark.parametrize("group", ["cpu", "cpu,cpuacct", "cpuacct,cpu"])
@pytest.mark.parametrize(
    "quota, period, cores",
    [("200000", "100000", 2), ("150000", "100000", 1), ("-1", "100000", 8), ("x", "y", 8)],
)
def test_version_1(machine, group, quota, period, cores):
    assert machine(v1(quota, period, group)) == cores


def test_version_1_reads_the_own_group_and_those_above_it(machine):
    files = v1("-1") | v1("300000", group="cpu/docker") | v1("500000", group="cpu/docker/abc")
    membership = "12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc"
    assert machine(files, membership) == 3


def test_version_1_without_a_period_has_no_quota(machine):
    assert machine({"cpu/cpu.cfs_quota_us": "200000"}) == 8


@pytest.mark.parametrize(
    "processors, cores",
    [
        (Processors(2, 2), 2),
        (Processors(16, 8), 4),
        (Processors(6, 3), 3),
        (Processors(16, 12, efficiency=10), 2),
    ],
)
def test_there_may_be_fewer_cores_than_the_quota(machine, processors, cores):
    assert machine({"cpu.max": "400000 100000"}, processors=processors) == cores


def test_the_budget_is_this_machines_unless_it_is_given():
    assert 1 <= cpu.budget() <= os.cpu_count()
    assert cpu.budget(5) == 5
    assert cpu.budget(0) == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_the_budget_of_a_process_held_to_one_core_is_one():
    core = min(os.sched_getaffinity(0))
    program = f"import os; os.sched_setaffinity(0, {{{core}}})\n"
    program += "from compare.run import cpu; print(cpu.budget())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    "budget, running, threads",
    [
        (2, ["a"], {"a": 2}),
        (2, ["a", "b"], {"a": 1, "b": 1}),
        (2, ["a", "b", "c"], {"a": 1, "b": 1, "c": 1}),
        (8, ["a", "b", "c"], {"a": 3, "b": 3, "c": 2}),
        (1, [], {}),
    ],
)
def test_shares(budget, running, threads):
    assert cpu.shares(budget, running) == threads


@given(st.integers(1, 256), st.lists(st.text(), unique=True, max_size=20))
def test_shares_use_the_whole_budget_fairly_and_never_exceed_it(budget, running):
    threads = cpu.shares(budget, running)
    assert list(threads) == running
    if running:
        assert sum(threads.values()) == max(budget, len(running))
        assert max(threads.values()) - min(threads.values()) <= 1
        assert list(threads.values()) == sorted(threads.values(), reverse=True)
