"""What fits where: the rows, the sentences, and the command."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from processes import within

from compare.asked.settings import LoadSettings
from compare.memory.fit import Fit, fit, learn, settings
from compare.memory.hardware import named
from compare.models.spec import resolve
from compare.saved.fit import row
from compare.usage import UsageError
from compare.words.fit import about, lines, say, say_one, verdict

ROOT = Path(__file__).parent.parent.parent
FIELDS = [
    *(
        "model",
        "quant",
        "n_ctx",
        "kv_type",
        "hardware",
        "vram_bytes",
        "ram_bytes",
        "predicted_bytes",
    ),
    *(
        "weights_bytes",
        "kv_bytes",
        "compute_bytes",
        "approximate",
        "layers",
        "layers_that_fit",
        "fits",
    ),
]


def fits_of(specs: list[str], hardware: list[str], n_ctx: int = 2048, kv_type: str = "f16"):
    return fit(learn(resolve(specs)), [named(name) for name in hardware], n_ctx, kv_type)


def fit_of(spec: str, hardware: str, n_ctx: int = 2048, kv_type: str = "f16") -> Fit:
    return fits_of([spec], [hardware], n_ctx, kv_type)[0]


def row_of(*asked) -> dict:
    return row(fit_of(*asked))


def test_a_row_has_the_contracts_fields():
    assert list(row_of("solar", "t4-small")) == FIELDS


def test_the_kv_cache_is_exact():
    assert row_of("solar", "cpu-basic", 4096)["kv_bytes"] == 48 * 4096 * 2 * 8 * 128 * 2
    assert (
        row_of("solar", "cpu-basic", 4096, "q8_0")["kv_bytes"] == 48 * 4096 * 2 * 8 * 128 // 32 * 34
    )


def test_a_context_ends_where_the_model_does():
    assert row_of("tinyllama", "cpu-basic", 8192)["n_ctx"] == 2048


def test_without_a_gpu_it_is_ram_that_counts():
    found = fit_of("solar", "cpu-basic")
    assert (found.layers_that_fit, found.fits, found.hardware.vram_bytes) == (0, True, 0)
    assert verdict(found) == "in RAM"
    assert not fit_of("mixtral", "cpu-basic").fits


def test_on_a_gpu_as_many_layers_as_fit():
    assert verdict(fit_of("solar:Q8_0", "t4-small")) == "all 49 layers on the GPU"
    partly = fit_of("mixtral", "t4-small")
    assert 0 < partly.layers_that_fit < partly.layers == 33
    assert partly.fits
    assert verdict(partly).endswith("of 33 layers on the GPU, the rest in RAM")


def test_layers_that_find_no_room_in_ram_do_not_fit():
    found = fit_of("mixtral:Q5_K_M", "t4-small")
    assert not found.fits
    assert verdict(found).endswith("layers fit on the GPU, the rest not in RAM")


def test_what_is_on_the_gpu_and_the_reserve_stay_within_it():
    row = row_of("mixtral", "24GB")
    assert row["layers_that_fit"] == 33
    assert row["weights_bytes"] + row["kv_bytes"] + 2**30 < row["vram_bytes"]


def test_a_smaller_cache_leaves_room_for_more_layers():
    def layers(kv_type):
        return fit_of("mixtral", "t4-small", 32768, kv_type).layers_that_fit

    assert layers("q8_0") > layers("f16")


def test_layers_never_grow_fewer_with_more_memory():
    found = [fit_of("mixtral", f"{gb}GB").layers_that_fit for gb in range(1, 24)]
    assert found == sorted(found)
    assert found[0] == 0
    assert found[-1] == 33


def test_every_further_gpu_pays_for_its_own_reserve():
    two, one = fit_of("mixtral:Q5_K_M", "a10g-largex2"), fit_of("mixtral:Q5_K_M", "l4x1")
    assert two.hardware.vram_bytes == 2 * one.hardware.vram_bytes
    assert two.layers_that_fit < 2 * one.layers_that_fit


def test_a_macs_one_memory_is_not_counted_twice():
    found = fit_of("mixtral", "mac-16gb")
    assert found.layers_that_fit
    assert not found.fits


def test_a_file_that_is_here_is_read(tiny):
    learned = learn(resolve([tiny()]))
    [found] = fit(learned, [named("24GB")], 512, "f16")
    assert learned[0].from_file
    assert (found.fits, found.layers_that_fit) == (True, found.layers)
    assert row(found)["weights_bytes"] < 10_000_000


def test_here_it_is_what_the_page_says_before_a_run(tiny, machine):
    here, asked = machine.hardware(), {"n_ctx": 4096, "kv_type": "q8_0"}
    for file in resolve(["solar", tiny(n_ctx_train=8192)]):
        (found,) = fit(learn([file]), [here], **asked)
        before = machine.foreseen(file, LoadSettings(**asked)).prediction
        assert found.prediction.total_bytes == before.total_bytes


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 9])
def test_a_file_that_tells_nothing_is_unknown_with_its_reason(tmp_path, content):
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    learned = learn(resolve([str(path)]))
    [found] = fit(learned, [named("24GB")], 512, "f16")
    assert learned[0].trouble
    unknown = {name for name, value in row(found).items() if value is None}
    assert unknown >= {"fits", "predicted_bytes", "weights_bytes", "layers", "layers_that_fit"}
    assert list(row(found)) == FIELDS
    assert verdict(found) == "unknown"
    assert "–" in list(lines([found]))[1]


@pytest.mark.parametrize(
    ("n_ctx", "kv_type"), [(0, "f16"), (-1, "f16"), (10**9, "f16"), (512, "q4_0")]
)
def test_bad_settings_are_wrong_usage(n_ctx, kv_type):
    with pytest.raises(UsageError, match=r"n_ctx is|kv_type is"):
        settings(n_ctx, kv_type)


def test_the_sentence_names_the_smallest_machine_that_holds_all():
    specs = ["tinyllama:Q2_K", "tinyllama:Q8_0", "solar:Q2_K", "solar:Q8_0", "mixtral:Q2_K"]
    names = ["cpu-basic", "l40sx1", "l4x1", "t4-small"]
    said = say(fits_of(specs, names))
    assert said.finding == (
        "Spaces L4 is the smallest here to hold TinyLlama, SOLAR and Mixtral whole on its GPU"
    )
    assert said.rest == ", up to TinyLlama Q8_0, SOLAR Q8_0 and Mixtral Q2_K."


def test_where_none_holds_all_the_sentence_says_what_runs():
    fits = fits_of(["solar", "mixtral"], ["cpu-basic"])
    said = say(fits)
    assert said.finding == "No machine here holds SOLAR and Mixtral whole on its GPU"
    assert said.rest == "; Mixtral runs on none."
    assert say_one(fits) == ("Spaces CPU basic holds SOLAR Q2_K in RAM, Mixtral not at all.")


@pytest.mark.parametrize(
    "machine", ["8GB", "2GB", "12GB-ram", "16GB-ram", "rtx-4060", "t4-small", "cpu-basic"]
)
def test_a_machines_sentence_names_the_largest_that_its_cells_hold(machine):
    quants = ["Q2_K", "Q4_K_M", "Q5_K_M", "Q8_0"]
    fits = fits_of([f"solar:{quant}" for quant in quants] + ["mixtral:Q5_K_M"], [machine])
    said = say_one(fits)
    held = [each.file.quant for each in fits if each.file.model == "solar" and each.fits]
    assert f"SOLAR {held[-1]}" in said
    whole = [q for q, each in zip(quants, fits, strict=False) if each.layers_that_fit == 49]
    assert not whole or f"SOLAR {whole[-1]} whole on the GPU" in said


def test_a_larger_file_held_otherwise_is_told_too():
    assert say_one(fits_of(["tinyllama", "solar:Q2_K", "solar:Q8_0", "mixtral"], ["8GB"])) == (
        "8GB holds TinyLlama Q8_0 and SOLAR Q2_K whole on the GPU, SOLAR Q8_0 and Mixtral Q2_K in part "
        "on the GPU."
    )


def test_what_is_approximate_is_said():
    learned, rooms = learn(resolve(["tinyllama"])), [named("zero-a10g"), named("t4-small")]
    said = " ".join(about(fit(learned, rooms, 2048, "f16")))
    assert "known shape and size" in said
    assert "Only the nominal GB are known of ZeroGPU, large." in said
    assert "taken as enough, being unknown, on ZeroGPU, large." in said
    assert "ZeroGPU, large: ZeroGPU changes its card without notice" in said


def test_files_that_are_kept_in_memory_twice_are_named():
    files = resolve(["tinyllama:Q4_0", "tinyllama:Q8_0"])
    twice, once = fits = fit(learn(files), [named("cpu-basic")], 2048, "f16")
    assert twice.prediction.repacked_bytes > 0 == once.prediction.repacked_bytes
    assert "keeps weights of Q4_0 a second time" in " ".join(about(fits))
    assert "a second time" not in " ".join(about([once]))


def command(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "compare", "fit", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_command_answers_with_one_document_within_two_seconds():
    asked = partial(command, "--models", "tinyllama,solar,mixtral", "--json")
    done = within(2, asked)
    rows = json.loads(done.stdout)
    assert done.returncode == 0
    assert [each["model"] for each in rows] == ["tinyllama", "solar", "mixtral"]
    assert {each["hardware"] for each in rows} == {"this machine"}
    assert all(list(each) == FIELDS for each in rows)


def test_without_json_each_machine_has_a_heading():
    done = command("--models", "solar", "--hardware", "t4-small,24GB+64GB-ram")
    assert "t4-small: 15.6\u00a0GB VRAM, 15.0\u00a0GB RAM" in done.stdout
    assert "24GB+64GB-ram: 24.0\u00a0GB VRAM, 64.0\u00a0GB RAM" in done.stdout
    assert "solar Q2_K" in done.stdout
    assert "approximate" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--models", "solar", "--hardware", "h9000"], "Known: this machine, cpu-basic"),
        (["--models", "solar", "--hardware", "0GB"], "from 0 to"),
        (["--models", "solar", "--n-ctx", "-4"], "n_ctx is -4"),
        (["--models", "solar", "--n-ctx", "many"], "--n-ctx"),
        (["--models", "solar", "--kv-type", "q4_0"], "--kv-type"),
        (["--models", "nobody"], "There is no model “nobody”"),
        (["--models", "solar:Q1"], "no quantization"),
        (["--models", "solar,solar:Q2_K"], "Name it once"),
        (["--models", ""], "No model was named"),
        ([], "--models"),
    ],
)
def test_wrong_usage_is_status_2_and_prints_nothing(refused, arguments, words):
    assert words in refused("fit", *arguments, "--json")


def test_a_file_that_is_missing_is_status_1_and_the_others_are_told():
    done = command("--models", "solar,/nowhere/a.gguf", "--json")
    rows = json.loads(done.stdout)
    assert done.returncode == 1
    assert [each["fits"] for each in rows] == [True, None]
    assert "There is no file a.gguf" in done.stderr
