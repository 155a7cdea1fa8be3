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
    """One answer; its figures are by the names that Measures gives them."""
    return {
        "spec": file.key,
        "model": file.model,
        "name": file.name,
        "quant": file.quant,
        "file": file.file,
        "server": _server(response),
        "state": response.state,
        "text": response.text,
        "thinking": response.thinking or None,
        "finish_reason": response.finish_reason,
        "error": response.error and " ".join(response.error.split("\n")),
        **asdict(response.measures),
        "rendered_prompt": response.rendered_prompt,
        "notices": list(response.notices),
    }


def _server(response: Response) -> dict | None:
    """What answered on another machine: the owner's name for it, never where it is."""
    told = response.server
    return told and {"name": told.server, "kind": told.kind, "model": told.model}
