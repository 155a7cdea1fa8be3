"""Which processors are worth a thread each, of sysfs as the kernel writes it."""

import sys

import pytest

from compare.run.processors import Processors, processors

DESKTOP = {n: f"{n % 8},{n % 8 + 8}" for n in range(16)}
HYBRID = {n: f"{n - n % 2}-{n - n % 2 + 1}" for n in range(4)} | {n: str(n) for n in range(4, 8)}
"""two cores of two threads, and four of one"""


@pytest.fixture
def found(tmp_path):
    """`found(siblings, files, mask)`: each processor's siblings, and what else stands in sysfs."""

    def found(siblings, files=(), mask=None, name="thread_siblings_list", cpuinfo="flags : fpu"):
        files = {f"system/cpu/cpu{n}/topology/{name}": each for n, each in siblings.items()} | dict(
            files
        )
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text + "\n")
        (tmp_path / "cpuinfo").write_text(cpuinfo)
        given = set(siblings) if mask is None else mask
        return processors(given, tmp_path / "system/cpu", tmp_path / "cpuinfo")

    return found


@pytest.mark.parametrize("name", ["thread_siblings_list", "core_cpus_list"])
def test_the_threads_of_a_core_count_once(found, name):
    assert found(DESKTOP, name=name) == Processors(16, 8)
    assert found(DESKTOP, name=name).useful == 8


def test_so_they_do_as_masks(found):
    assert (
        found({0: "00000003", 1: "00000003", 2: "0c", 3: "0c"}, name="thread_siblings").useful == 2
    )


@pytest.mark.parametrize(
    ("mask", "useful"), [({0, 8}, 1), ({0, 1}, 2), ({0, 8, 1}, 2), (set(range(8)), 8), ({3}, 1)]
)
def test_only_those_of_the_mask_count(found, mask, useful):
    assert found(DESKTOP, mask=mask).useful == useful


@pytest.mark.parametrize("siblings", [{}, {0: "", 1: ""}])
def test_where_nothing_is_told_each_is_a_core(found, siblings):
    assert found(siblings, mask={0, 1}) == Processors(2, 2)


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (None, Processors(8, 6, efficiency=4)),
        ({0, 1, 4}, Processors(3, 2, efficiency=1)),
        ({4, 5, 6}, Processors(3, 3)),
    ],
    ids=["all", "some of both", "only slow ones"],
)
def test_intels_kinds_of_cores_are_told_apart(found, mask, expected):
    kinds = {"cpu_core/cpus": "0-3", "cpu_atom/cpus": "4-7"}
    assert found(HYBRID, kinds, mask) == expected


@pytest.mark.parametrize(
    ("capacities", "useful"),
    [
        ((530, 530, 530, 530, 1024, 1024, 1024, 1024), 4),
        ((250, 250, 250, 250, 760, 760, 1024, 1024), 4),
        ((592, 592, 1024, 1024, 1024, 1024), 4),
        ((1024, 1024, 1024, 1024), 4),
        ((980, 1024), 2),
        ((446, 446), 2),
    ],
)
def test_others_by_their_capacity(found, capacities, useful):
    files = {f"system/cpu/cpu{n}/cpu_capacity": str(c) for n, c in enumerate(capacities)}
    assert found({n: str(n) for n in range(len(capacities))}, files).useful == useful


def test_a_lower_clock_alone_makes_no_lesser_core(found):
    clocks = {f"system/cpu/cpu{n}/cpufreq/cpuinfo_max_freq": f"{5 - n % 2}000000" for n in range(4)}
    assert found({n: str(n) for n in range(4)}, clocks).useful == 4


@pytest.mark.parametrize(
    ("siblings", "useful"), [({0: "0-1", 1: "0-1"}, 2), ({0: "0"}, 1), (DESKTOP, 8)]
)
def test_a_virtual_machines_two_processors_are_never_one_core(found, siblings, useful):
    assert found(siblings, cpuinfo="flags : fpu hypervisor\n").useful == useful


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac tells")
def test_a_system_without_masks_or_kinds_has_a_core_for_each():
    found = processors(None)
    assert found.logical == found.physical == found.useful >= 1
