"""How much memory this machine has, and what its cgroups leave of it, of files as the kernel writes them."""

from pathlib import Path

import pytest

from compare.memory.cgroups import Cgroups
from compare.memory.free import free_bytes, total_bytes

MB = 10**6


@pytest.fixture
def cgroups(tmp_path):
    """Cgroups of the given files: `cgroups({"app/memory.max": "…"}, "0::/app")`."""

    def made(files: dict[str, int | str], membership: str = "0::/") -> Cgroups:
        root = Path(tmp_path / "cgroup")
        for name, value in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{value}\n")
        (tmp_path / "membership").write_text(membership + "\n")
        return Cgroups(root, tmp_path / "membership")

    return made


def v2(group: str, limit: int | str, taken: int) -> dict:
    return {f"{group}memory.max": limit, f"{group}memory.current": taken}


def v1(group: str, limit: int, taken: int) -> dict:
    folder = f"memory/{group}"
    return {f"{folder}memory.limit_in_bytes": limit, f"{folder}memory.usage_in_bytes": taken}


def test_what_is_free_and_what_there_is_end_at_the_cgroups_limit(cgroups):
    limited = cgroups(v2("", MB, 400_000))
    assert free_bytes(limited) == 600_000
    assert total_bytes(limited) == MB


def test_without_a_limit_it_is_the_systems(cgroups, tmp_path):
    nowhere = Cgroups(tmp_path / "none", tmp_path / "none")
    assert total_bytes(cgroups(v2("", "max", 400_000))) == total_bytes(nowhere) > 10**8
    assert free_bytes(cgroups(v2("", "max", 400_000))) > 10**8


@pytest.mark.parametrize(
    ("files", "free", "total"),
    [
        (v2("app/job/", 5 * MB, MB), 4 * MB, 5 * MB),
        (v2("app/", 5 * MB, MB) | v2("app/job/", "max", 0), 4 * MB, 5 * MB),
        (v2("app/", 5 * MB, 4 * MB) | v2("app/job/", 2 * MB, 0), MB, 2 * MB),
        (v2("app/", 5 * MB, 6 * MB), 0, 5 * MB),
    ],
    ids=["its own", "of one above it", "the tightest", "exceeded"],
)
def test_the_limit_of_a_nested_group_and_of_those_above_it_counts(cgroups, files, free, total):
    found = cgroups(files, "0::/app/job")
    assert (free_bytes(found), total_bytes(found)) == (free, total)


@pytest.mark.parametrize(
    ("stat", "free"),
    [
        ("anon 200\nfile 3000000\nactive_file 1000000\ninactive_file 2000000", 3 * MB),
        ("anon 200\nactive_file 1000000", MB),
        ("inactive_file 9000000", 5 * MB),
        ("inactive_file\ninactive_file many", MB),
    ],
    ids=["given up", "in use", "more than is taken", "nonsense"],
)
def test_pages_of_files_that_nobody_uses_are_free(cgroups, stat, free):
    files = v2("app/", 5 * MB, 4 * MB) | {"app/memory.stat": stat}
    assert free_bytes(cgroups(files, "0::/app")) == free


def test_in_version_1_those_of_the_groups_below_are_too(cgroups):
    stat = "inactive_file 1\ntotal_inactive_file 2000000"
    files = v1("docker/", 5 * MB, 4 * MB) | {"memory/docker/memory.stat": stat}
    assert free_bytes(cgroups(files, "4:memory:/docker")) == 3 * MB


def test_each_level_is_asked_for_its_own_files(cgroups):
    above = v2("app/", 5 * MB, 4 * MB) | {"app/memory.stat": "inactive_file 500000"}
    own = v2("app/job/", 4 * MB, 3 * MB) | {"app/job/memory.stat": "inactive_file 2000000"}
    assert free_bytes(cgroups(above | own, "0::/app/job")) == 1_500_000


@pytest.mark.parametrize(("high", "most", "total"), [(3, 5, 3), (5, 3, 3), (3, "max", 3)])
def test_above_memory_high_a_group_is_slowed_down(cgroups, high, most, total):
    limits = {"memory.high": high * MB, "memory.max": most * MB if most != "max" else most}
    assert total_bytes(cgroups(limits | {"memory.current": MB})) == total * MB


def test_the_limits_of_other_groups_do_not_count(cgroups):
    others = v2("app/other/", MB, 0) | v2("app/job/child/", MB, 0)
    assert total_bytes(cgroups(others, "0::/app/job")) > 10**8


def test_version_1_has_a_tree_of_its_own_for_memory(cgroups):
    membership = "12:memory:/docker/abc\n4:cpu,cpuacct:/elsewhere"
    files = v1("", 2**63 - 4096, MB) | v1("docker/", 5 * MB, 4 * MB)
    found = cgroups(files | v1("docker/abc/", 3 * MB, 0), membership)
    assert (free_bytes(found), total_bytes(found)) == (MB, 3 * MB)
