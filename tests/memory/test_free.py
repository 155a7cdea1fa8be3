"""How much memory this machine has, and what a cgroup leaves of it."""

from compare.memory.free import total_bytes


def test_the_total_of_ram_is_the_cgroups_limit_where_there_is_one(tmp_path):
    without = total_bytes(tmp_path)
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert total_bytes(tmp_path) == 1_000_000 < without
