"""A model's file as a whole: its parts, and whether it can answer prompts at all.

Knows headers only: what else a model may fail at is said where it loads.
"""

import os
import re
from dataclasses import replace

from compare.gguf.header import MAX_LAYERS, Header, HeaderError, damaged, most_common_type, shown
from compare.gguf.reader import read_header
from compare.gguf.types import FILE_TYPES

_PART_NAME = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL)

# Architectures of llama.cpp (src/llama-arch.cpp) that turn text into a vector, not into text.
EMBEDDING = frozenset(
    (
        *("bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "eurobert"),
        *("jina-bert-v2", "jina-bert-v3", "gemma-embedding", "llama-embed", "t5encoder"),
    )
)
_OTHER_KINDS = {
    "mmproj": "a vision projector: the part of a model that reads images",
    "adapter": "a LoRA adapter: changes to a model, not the model",
    "imatrix": "an importance matrix: notes for quantizing a model, not the model",
}


def check(header: Header, file_bytes: int) -> None:
    """Raises HeaderError for a file that can't answer prompts: of another kind, or cut short."""
    if header.split is None or header.split.no == 0:  # the first part speaks for all
        _check_kind(header)
    missing = header.file_bytes - file_bytes
    if missing > 0:
        raise HeaderError(
            f"The file is cut short: {missing:,} of its {header.file_bytes:,} bytes are missing.\n"
            "Download it again."
        )


def _check_kind(header: Header) -> None:
    kind = "mmproj" if header.architecture == "clip" else header.metadata.get("general.type")
    if what := _OTHER_KINDS.get(kind):
        raise HeaderError(f"This is {what}.\nChoose the model's own file.")
    pooling = header.get("pooling_type")
    if header.architecture in EMBEDDING or (isinstance(pooling, int) and pooling > 0):
        raise HeaderError(
            "This is an embedding model: it turns text into numbers and writes no answers.\n"
            "Choose a model for chat or for completing text."
        )
    if header.split_experts:
        raise HeaderError(
            "This is an older Mixtral file with split experts, made before llama.cpp changed the "
            "layout.\nUse mradermacher/Mixtral-8x7B-Instruct-v0.1-GGUF."
        )
    if not header.architecture:
        raise HeaderError(
            "The file doesn't say of which architecture its model is.\nChoose another file of it."
        )
    if not header.tensors and header.split is None:
        raise HeaderError(
            "The file holds no weights, only a header.\nChoose another file of this model."
        )
    # On these llama.cpp ends its process (GGML_ASSERT in llama_model_base::load_hparams).
    if not header.layers or header.layers > MAX_LAYERS:
        raise damaged("no layers" if not header.layers else f"{header.layers:,} layers")
    used, experts = header.get("expert_used_count"), header.get("expert_count") or 0
    if isinstance(used, int) and isinstance(experts, int) and used > experts:
        raise damaged(f"{used:,} experts used of {experts:,}")


def parts(path: str | os.PathLike, header: Header) -> list[str]:
    """The paths of all parts of a model's file, the first one first, whichever part `path` is.

    A file in one piece is its only part. Raises HeaderError where a part is missing, or where the
    name doesn't say where the others are: llama.cpp finds them by their names.
    """
    path = os.fspath(path)
    if header.split is None:
        return [path]
    no, count = header.split.no, header.split.count
    name = _PART_NAME.fullmatch(path)
    if not name or (int(name[2]), int(name[3])) != (no + 1, count):
        raise HeaderError(
            f"This is part {no + 1} of {count}, but its name doesn't say so.\n"
            f"Give each part its name back: the model's, then -{no + 1:05}-of-{count:05}.gguf."
        )
    paths = [f"{name[1]}-{n:05}-of-{count:05}.gguf" for n in range(1, count + 1)]
    missing = [shown(os.path.basename(each)) for each in paths if not os.path.isfile(each)]
    if missing:
        what = f"{missing[0]} is" if len(missing) == 1 else f"{' and '.join(missing[:2])} are"
        more = f", nor {len(missing) - 2} more" if len(missing) > 2 else ""
        raise HeaderError(
            f"The model is in {count} parts, and {what} not in this folder{more}.\n"
            "Download what is missing into the same folder."
        )
    return paths


def read_model(path: str | os.PathLike) -> tuple[str, Header]:
    """What to load and what it is: the first part's path, its header with the tensors of all parts.

    Every part is checked. Raises HeaderError.
    """
    header = read_header(path)
    paths = parts(path, header)
    if len(paths) == 1:
        check(header, os.stat(path).st_size)
        return paths[0], header
    headers = [_read_part(part, no, len(paths)) for no, part in enumerate(paths)]
    tensors = tuple(tensor for each in headers for tensor in each.tensors)
    whole = replace(
        headers[0],
        tensors=tensors,
        parameters=sum(tensor.elements for tensor in tensors),
        quant=FILE_TYPES.get(headers[0].file_type) or most_common_type(tensors),
        file_bytes=sum(each.file_bytes for each in headers),
    )
    _check_kind(whole)
    return paths[0], whole


def _read_part(path: str, no: int, count: int) -> Header:
    try:
        header = read_header(path)
        check(header, os.stat(path).st_size)
    except HeaderError as error:
        raise HeaderError(f"Part {no + 1} of {count}: {error}") from error
    if header.split is None or (header.split.no, header.split.count) != (no, count):
        raise HeaderError(
            f"{shown(os.path.basename(path))} is not the part that its name says.\nDownload it again."
        )
    return header
