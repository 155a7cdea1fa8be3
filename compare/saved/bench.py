"""What a bench has measured: rows with llama-bench's names, and its table as Markdown and CSV.

The statistics are `measures.Timings`.
"""

import csv
import io
from collections.abc import Mapping, Sequence

from compare import numbers
from compare.asked.comparison import Bench
from compare.models.spec import ModelFile
from compare.run.measures import Timings
from compare.run.response import Response

_UNASKED = {"n_batch": 2048, "n_ubatch": 512, "repeats": 5}
"""llama-bench's defaults (cmd_params_defaults in tools/llama-bench/llama-bench.cpp)"""
_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_SHORT = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


def rows(bench: Bench, responses: Mapping[str, Response], machine: Mapping) -> list[dict]:
    """A row for each model and test with a repetition, in the order the models were given.

    The names are llama-bench's, as far as their values are known here, then some of our own; `machine` as
    Machine.describe gives it. A file is named, never its path.
    """
    return [
        _row(file, response, machine, test, timings)
        for file in bench.models
        for response in [responses[file.key]]
        for test, timings in (("pp", response.pp), ("tg", response.tg))
        if timings and response.testbed
    ]


def _row(
    file: ModelFile, response: Response, machine: Mapping, test: str, timings: Timings
) -> dict:
    bed = response.testbed
    return {
        "build_commit": machine["llama_cpp"],
        "cpu_info": machine["cpu"],
        "gpu_info": ", ".join(machine["gpus"]),
        "backends": bed.backends,
        "model_filename": file.file,
        "model_type": bed.model_type,
        "model_size": bed.model_size,
        "model_n_params": bed.model_n_params,
        "n_batch": bed.n_batch,
        "n_ubatch": bed.n_ubatch,
        "n_threads": response.threads[1],
        "type_k": bed.type_k,
        "type_v": bed.type_v,
        "n_gpu_layers": bed.n_gpu_layers,
        "flash_attn": int(bed.flash_attn),
        "n_prompt": timings.tokens if test == "pp" else 0,
        "n_gen": timings.tokens if test == "tg" else 0,
        "n_depth": 0,
        "test_time": bed.test_time,
        "avg_ns": round(timings.avg_s * 1e9),
        "stddev_ns": round(timings.stddev_s * 1e9),
        "avg_ts": timings.avg_tps,
        "stddev_ts": timings.stddev_tps,
        "samples_ns": [round(s * 1e9) for s in timings.samples_s],
        "samples_ts": list(timings.samples_tps),
        "spec": file.key,
        "name": file.name,
        "quant": file.quant,
        "cores": machine["cores"],
        "ram_bytes": machine["ram_bytes"],
        "llama_cpp_python": machine["llama_cpp_python"],
        "cores_used": timings.cores_used,
    }


def test_name(row: Mapping) -> str:
    """pp512 or tg128."""
    return f"pp{row['n_prompt']}" if row["n_prompt"] else f"tg{row['n_gen']}"


def rate(row: Mapping) -> str:
    """9.62 ± 0.11; of a single repetition, which has no deviation, the rate alone."""
    spread = f" ± {row['stddev_ts']:.2f}" if len(row["samples_ts"]) > 1 else ""
    return f"{row['avg_ts']:.2f}{spread}"


def heads(rows: Sequence[Mapping]) -> list[str]:
    """The names of `cells`: what is the same as llama-bench would take unasked is left out.

    Flash attention is always told: llama-bench decides for itself, and takes it wherever it can.
    """
    shown = ["model", "size", "params", "backend"]
    if any(row["n_gpu_layers"] for row in rows):
        shown.append("ngl")
    shown.append("threads")
    shown += [name for name in ("n_batch", "n_ubatch") if _differs(rows, name)]
    shown.append("fa")
    if any(row["type_k"] != "f16" for row in rows):
        shown += ["type_k", "type_v"]
    if any(len(row["samples_ts"]) != _UNASKED["repeats"] for row in rows):
        shown.append("repeats")
    return [*shown, "test", "t/s"]


def _differs(rows: Sequence[Mapping], name: str) -> bool:
    return any(row[name] != _UNASKED[name] for row in rows)


def cells(row: Mapping) -> dict[str, str]:
    """A row of the table, by its column's name."""
    return {
        "model": _named(row),
        "size": _scaled(row["model_size"], _UNITS, "B"),
        "params": _scaled(row["model_n_params"], _SHORT),
        "backend": row["backends"],
        "ngl": str(row["n_gpu_layers"]),
        "threads": str(row["n_threads"]),
        "n_batch": str(row["n_batch"]),
        "n_ubatch": str(row["n_ubatch"]),
        "fa": str(row["flash_attn"]),
        "type_k": row["type_k"],
        "type_v": row["type_v"],
        "repeats": str(len(row["samples_ts"])),
        "test": test_name(row),
        "t/s": rate(row),
    }


def _named(row: Mapping) -> str:
    """With its quantization, unless a file's name has it already."""
    name, quant = row["name"], row["quant"]
    return name if not quant or quant.lower() in name.lower() else f"{name} {quant}"


LEFT = ("model", "backend")
"""columns of words, set to the left"""


def _scaled(n: int, units: Sequence[tuple[float, str]], none: str = "") -> str:
    """As llama-bench writes sizes: 93.50 MiB, 1.10 B."""
    for divisor, unit in units:
        if n >= divisor:
            return f"{n / divisor:.2f} {unit}"
    return f"{n} {none}".rstrip()


def markdown(rows: Sequence[Mapping]) -> str:
    """The table as llama-bench prints it, its columns in line, and what it was measured on."""
    shown = heads(rows)
    table = [shown] + [[cells(row)[name].replace("|", r"\|") for name in shown] for row in rows]
    wide = [max(len(line[i]) for line in table) for i in range(len(shown))]
    left = [name in LEFT for name in shown]
    lines = [
        "| "
        + " | ".join(
            text.ljust(w) if is_left else text.rjust(w)
            for text, w, is_left in zip(line, wide, left, strict=True)
        )
        + " |"
        for line in table
    ]
    rule = (
        f" {'-' * w} " if is_left else f" {'-' * w}:" for w, is_left in zip(wide, left, strict=True)
    )
    lines.insert(1, f"|{'|'.join(rule)}|")
    machine = [f"\n{measured_on(rows[0])}"] if rows else []
    return "\n".join(lines + machine) + "\n"


def measured_on(row: Mapping) -> str:
    """The machine and the build behind a row, in one line."""
    parts = [
        row["cpu_info"], numbers.plural(row["cores"], "core"), f"{numbers.size(row['ram_bytes'])} RAM",
        row["gpu_info"], f"llama.cpp {row['build_commit']}",
        f"llama-cpp-python {row['llama_cpp_python']}", row["test_time"],
    ]  # fmt: skip
    return ", ".join(filter(None, parts)).replace(numbers.NBSP, " ")


def as_csv(rows: Sequence[Mapping]) -> str:
    """All fields, the samples with semicolons between."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {k: ";".join(map(str, v)) if isinstance(v, list) else v for k, v in row.items()}
            )
    return out.getvalue()
