"""A comparison as a document: what `ask --json` prints, what is saved, shared and published.

Pure: values in, plain dictionaries out. A document names files, never paths.
"""

from dataclasses import asdict

from compare.asked.comparison import Comparison
from compare.models.spec import ModelFile
from compare.run.response import Response


def document(comparison: Comparison, responses: dict[str, Response], machine: dict) -> dict:
    """The whole comparison, in the order its models were given; `machine` as Machine.describe gives it."""
    return {
        "prompt": comparison.prompt,
        "system": comparison.system,
        "mode": comparison.mode,
        "params": params(comparison),
        "machine": machine,
        "notices": list(comparison.notices),
        "responses": [_response(file, responses[file.key]) for file in comparison.models],
    }


def params(comparison: Comparison) -> dict:
    """The settings, as the document holds them."""
    return {
        **comparison.sampling.model_dump(mode="json"),
        **comparison.load.model_dump(mode="json"),
        "threads": comparison.threads,
        "force": comparison.force,
    }


def _response(file: ModelFile, response: Response) -> dict:
    return {
        "spec": file.key,
        "model": file.model,
        "name": file.name,
        "quant": file.quant,
        "file": file.file,
        "state": response.state,
        "text": response.text,
        "finish_reason": response.finish_reason,
        "error": response.error and " ".join(response.error.split("\n")),
        "prompt_tokens": response.prompt_tokens,
        "cached_tokens": response.cached_tokens,
        "output_tokens": response.output_tokens if response.started_at is not None else None,
        "load_s": response.load_s,
        "ttft_s": response.ttft_s,
        "prefill_tps": response.prefill_tps,
        "decode_tps": response.decode_tps,
        "engine_prefill_tps": response.engine_prefill_tps,
        "engine_decode_tps": response.engine_decode_tps,
        "total_s": response.total_s,
        "shared_with": response.shared_with,
        "shared_s": response.shared_s,
        "threads": list(response.threads) if response.threads else None,
        "rendered_prompt": response.rendered_prompt,
        "notices": list(response.notices),
        "memory": asdict(response.memory),
    }
