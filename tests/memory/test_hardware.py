"""The table of machines, machines typed in, and what is wrong with either."""

import pytest
from huggingface_hub import SpaceHardware

from compare.memory.hardware import HERE, HardwareError, known, named, split, this_machine
from compare.usage import UsageError

ROW = """
[[hardware]]
name = "box"
title = "A box"
kind = "personal"
ram_gb = 32
gpu = "T4"
vram_gb = 16
usable_mib = 14909
source = "a page"
as_of = 2026-11-21
"""


def test_every_row_has_a_source_and_a_date():
    rows = known()
    assert len(rows) > 30
    assert all(row.source and row.as_of for row in rows)
    assert all(row.usable_source for row in rows if row.usable_mib)


def test_every_machine_of_spaces_is_there_under_the_hubs_own_name():
    assert {each.value for each in SpaceHardware} <= {row.name for row in known()}


def test_a_card_offers_less_than_its_nominal_gigabytes():
    assert named("t4-small").vram_bytes == 14909 * 2**20
    assert named("a100x4").vram_bytes == 4 * 81151 * 2**20
    assert named("cpu-basic").vram_bytes == 0
    assert named("cpu-basic").ram_bytes == 16_000_000_000


def test_where_only_the_nominal_gigabytes_are_known_the_row_says_so():
    assert {row.name for row in known() if row.nominal_only} == {"zero-a10g", "kaggle-p100"}


def test_zerogpu_says_that_its_card_changes():
    assert "without notice" in named("zero-a10g").note


def test_a_mac_has_one_memory_for_both():
    mac = named("mac-16gb")
    assert mac.unified
    assert mac.vram_bytes == 10922 * 2**20
    assert mac.ram_bytes == 16 * 2**30


def test_a_notebook_has_less_ram_than_it_says():
    colab = named("colab-t4")
    assert colab.ram_free_bytes == colab.ram_bytes - 1_400_000_000


@pytest.mark.parametrize(
    ("text", "name", "vram", "ram"),
    [
        ("24GB", "24GB", 24_000_000_000, None),
        (" 24 gb ", "24GB", 24_000_000_000, None),
        ("24", "24GB", 24_000_000_000, None),
        ("7.5GB", "7.5GB", 7_500_000_000, None),
        ("8GiB", "8GiB", 8 * 2**30, None),
        ("7,5 GB", "7.5GB", 7_500_000_000, None),
        ("24GB VRAM", "24GB", 24_000_000_000, None),
        ("1 024\u202fGB", "1024GB", 1_024_000_000_000, None),
        ("16GB-ram", "16GB-ram", 0, 16_000_000_000),
        ("16 GB RAM", "16GB-ram", 0, 16_000_000_000),
        ("24GB+32GB-ram", "24GB+32GB-ram", 24_000_000_000, 32_000_000_000),
    ],
)
def test_any_number_of_gigabytes_is_a_machine(text, name, vram, ram):
    made = named(text)
    assert (made.name, made.vram_bytes, made.ram_bytes) == (name, vram, ram)


@pytest.mark.parametrize(
    ("text", "machines"),
    [
        ("24GB, 16GB-ram", ["24GB", "16GB-ram"]),
        ("24GB,16GB-ram", ["24GB", "16GB-ram"]),
        ("24, 16", ["24", "16"]),
        ("7,5GB,t4-small", ["7,5GB", "t4-small"]),
        ("a100x4,24GB; 8\n8GB+7,5GB-ram,", ["a100x4", "24GB", "8", "8GB+7,5GB-ram"]),
        (" , ", []),
    ],
)
def test_several_machines_are_told_apart_from_decimal_commas(text, machines):
    assert split(text) == machines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("24,16", "Write 24.16GB for one, or 24GB; 16GB for two."),
        ("24,16GB", "Write 24.16GB for one, or 24GB; 16GB for two."),
        ("7,5", "Write 7.5GB for one, or 7GB; 5GB for two."),
        ("1,024GB", "It may mean 1.024 or 1024. Write one of these."),
        ("1,2,3GB", "Write a number such as 24."),
    ],
)
def test_what_may_be_two_amounts_is_refused(text, said):
    assert split(text) == [text]
    with pytest.raises(UsageError) as refused:
        named(text)
    assert str(refused.value).endswith(said)


def test_names_are_found_in_any_case():
    assert named("T4-Small").name == "t4-small"


@pytest.mark.parametrize("name", ["h1000", "", "GB", "-5", "1e3GB", "24GB+24GB", "9" * 40, "<b>"])
def test_an_unknown_name_is_wrong_usage_and_lists_the_known(name):
    with pytest.raises(UsageError, match=r"Known: cpu-basic, .*24GB"):
        named(name)


@pytest.mark.parametrize("name", ["0GB", "999999999GB", "0-ram"])
def test_no_machine_has_none_or_endless_memory(name):
    with pytest.raises(UsageError, match="from 0 to"):
        named(name)


def test_this_machine_counts_on_a_gpu_only_where_its_memory_is_known():
    told = {"ram_bytes": 16_000_000_000, "cores": 2, "gpus": ["NVIDIA L4"]}
    assert this_machine(told).vram_bytes == 0
    assert this_machine(told).ram_bytes == 16_000_000_000
    assert this_machine(told, [22528 * 2**20] * 2).vram_bytes == 2 * 22528 * 2**20
    assert named(HERE, this_machine(told)).title == "This machine"


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("ram_gb = 32", "ram_gb = -1", r"row 1 \(box\), ram_gb: It must be more than 0"),
        ("ram_gb = 32", "ram_gb = nan", r"row 1 \(box\), ram_gb"),
        ("ram_gb = 32", "ram_gb = 32\nram_gib = 32", r"row 1 \(box\), ram_gib: give"),
        ("vram_gb = 16", "vram_gb = 'many'", r"row 1 \(box\), vram_gb: "),
        ("vram_gb = 16", "", r"row 1 \(box\), vram_gb: a GPU needs"),
        ("usable_mib = 14909", "", r"row 1 \(box\), nominal_only: must be true"),
        ("usable_mib = 14909", "usable_mib = 17000", r"row 1 \(box\), usable_mib: more than"),
        ('gpu = "T4"', "", r"row 1 \(box\), gpu: memory of a GPU"),
        ("as_of = 2026-11-21", "", r"row 1 \(box\), as_of: is missing"),
        ("as_of = 2026-11-21", 'as_of = "soon"', r"row 1 \(box\), as_of"),
        ('source = "a page"', "", r"row 1 \(box\), source: Field required"),
        ('name = "box"', "", "row 1, name: Field required"),
        ('kind = "personal"', 'kind = "cheap"', r"row 1 \(box\), kind"),
        ("ram_gb = 32", "ram_gb = 32\nprice = 3", r"row 1 \(box\), price: Extra inputs"),
        ("[[hardware]]", "[[hardware", "can't be read"),
        ("[[hardware]]", "[[machine]]", "no .*rows"),
        (ROW, ROW + ROW, r"row 2 \(box\), name: is there twice"),
    ],
)
def test_a_bad_row_is_named_with_its_field(tmp_path, was, now, said):
    path = tmp_path / "hardware.toml"
    path.write_text(ROW.replace(was, now))
    with pytest.raises(HardwareError, match=said):
        known(path)
