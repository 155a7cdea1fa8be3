"""Recordings as `record` writes them, or somebody else."""

import copy
import json
from pathlib import Path

MACHINE = {
    "cpu": "Xeon", "cores": 2, "ram_bytes": 16_000_000_000, "gpus": [],
    "llama_cpp_python": "0.3.36", "llama_cpp": "0c1e570",
}  # fmt: skip
PARAMS = {
    "max_tokens": 256, "temperature": 0.0, "top_p": 0.95, "top_k": 40, "min_p": 0.05,
    "repeat_penalty": 1.0, "seed": 0, "stop": [], "n_ctx": 2048, "gpu_layers": "auto",
    "kv_type": "f16", "threads": None, "force": False,
}  # fmt: skip


def recorded(prompt_id="snake", text="Snakes do not fly.", model="smollm2", quant="Q4_1", **more):
    """One comparison as `record` writes it."""
    response = {
        "spec": f"{model}:{quant}", "model": model, "name": "SmolLM2 135M Instruct", "quant": quant,
        "file": "SmolLM2-135M-Instruct.Q4_1.gguf", "state": "finished", "text": text,
        "finish_reason": "stop", "error": None, "prompt_tokens": 38, "cached_tokens": 0,
        "output_tokens": 11, "load_s": None, "ttft_s": 0.5, "prefill_tps": 80.0, "decode_tps": 20.0,
        "engine_prefill_tps": 81.0, "engine_decode_tps": 20.1, "total_s": 1.0, "shared_with": 0,
        "shared_s": 0.0, "threads": [2, 2], "rendered_prompt": "<|im_start|>…", "notices": [],
        "memory": {
            "kind": "ram", "scope": "process", "predicted_bytes": 150_000_000,
            "allocated_bytes": 149_000_000, "weights_bytes": 98_000_000, "kv_bytes": 47_000_000,
            "compute_bytes": 4_000_000, "measured_bytes": 217_000_000, "own_bytes": 119_000_000,
            "mapped_bytes": 98_000_000, "devices": [],
        },
    }  # fmt: skip
    return {
        "prompt_id": prompt_id, "repeat": 1, "prompt": "How fast can a snake fly?", "system": None,
        "mode": "in-turn", "params": PARAMS, "machine": MACHINE, "notices": [],
        "responses": [response], **more,
    }  # fmt: skip


def whole(*comparisons, **more) -> dict:
    return {
        "format": 1, "recorded_at": "2026-05-03T10:00:00+00:00", "machine": MACHINE,
        "params": PARAMS, "comparisons": list(comparisons), **more,
    }  # fmt: skip


def put(folder: Path, name: str, content) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def edited(**changes) -> dict:
    found = copy.deepcopy(recorded())
    found["responses"][0].update(changes)
    return found


PREMISES = """title = "False premises"
about = "Questions that take for granted what is not so."
[[prompt]]
id = "snake"
title = "A snake"
prompt = "How fast can a snake fly?"
tags = ["animals"]
why = "Snakes don't fly."
source = "the TinyLlama article"
language = "en"
check = { contains = "not fly" }
[[prompt]]
id = "poem"
title = "A poem"
prompt = "Write a poem about rain."
why = "Only a person can judge it."
source = "written for this test"
language = "en"
"""
SUMS = """title = "Sums"
about = "One right number each."
[[prompt]]
id = "sum"
title = "Two and two"
prompt = "What is 2 + 2?"
settings = { max_tokens = 16 }
why = "A control."
source = "written for this test"
language = "en"
check = { all = [{ number = 4, beside = [2] }, { max_words = 1 }] }
"""


GEMMA = {"model": "gemma3", "quant": "Q4_K_M"}
