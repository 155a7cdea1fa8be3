"""From a SPEC to the file it means: a file that exists, whatever its name, or an id, with a quantization or
without.

Knows the catalogue and the file names in it; of a file on this machine it reads the header. What is wrong
with a SPEC is wrong usage (UsageError); what is wrong with its file is its column's failure.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from compare import letters, numbers
from compare.gguf.header import Header, HeaderError, shown
from compare.gguf.model import Identity, identity, read_model
from compare.gguf.reader import read_header
from compare.models.catalogue import BASE_STOP, BASE_TEMPLATE, MODELS, Model, Quant, Shape
from compare.usage import UsageError

MAX_COLUMNS = 4
"""of one comparison; a menu, a download, a bench or a recording may name more"""
_HASH = re.compile(r"(sha256[-_:])?[0-9a-f]{12,128}", re.IGNORECASE)
"""A name that tells nothing: a blob's, of Ollama or of the Hub's cache."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a model before it loads, by the catalogue or by its file's header; None is unknown."""

    parameters: str | None = None
    """as a person reads it: 46.7 B, 12.9 B active"""
    context: int | None = None
    """tokens it was trained for"""
    licence: str | None = None
    origin: str | None = None
    """the Hub's repository that its file is from, wherever the file is now"""
    architecture: str | None = None
    has_template: bool | None = None
    """whether the file carries a chat template of its own; None before it was read"""
    recommended: tuple[tuple[str, int | float], ...] = ()
    """settings, by name, with which the file's makers want it asked"""
    quants: tuple[Quant, ...] = ()
    """the model's files, of which a smaller one may fit"""
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One column's file, as asked for. `key` is the canonical SPEC, the column's name everywhere."""

    key: str
    model: str
    """the catalogue's id, or a path's stem"""
    name: str
    short: str
    file: str
    """a file's name, never its path"""
    quant: str | None = None
    bytes: int | None = None
    repo: str | None = None
    package: str | None = None
    path: str | None = None
    template: str = BASE_TEMPLATE
    """the fallback, where the file carries none"""
    template_stop: tuple[str, ...] = BASE_STOP
    """stop strings that belong to the fallback"""
    base: bool = False
    server: str | None = None
    """the owner's name for the server on another machine that answers; then there is no file"""
    served: str | None = None
    """which of its models, by its own name; None: the only one"""
    about: About = About()
    version: Identity = ()
    """what told it from other files at its path when its header was read"""

    @property
    def guessed(self) -> bool:
        """Whether nothing says that the fallback is how its model was taught to be asked."""
        return self.template == BASE_TEMPLATE and not self.base


def split_specs(texts: list[str]) -> list[str]:
    """The SPECs in comma-separated texts; a text that is an existing path is one SPEC, commas and all."""
    specs = []
    for text in texts:
        parts = [text] if os.path.exists(os.path.expanduser(text)) else text.split(",")
        specs += [part.strip() for part in parts if part.strip()]
    return specs


def resolve(
    specs: Sequence[str | ModelFile], most: int | None = None, *, elsewhere: bool = False
) -> tuple[ModelFile, ...]:
    """The files meant by SPECs, in their order, each under a key of its own.

    `most`: how many may run side by side, where they do; `elsewhere`: whether what runs on another machine
    may be among them. Raises UsageError.
    """
    if not specs:
        raise UsageError(f"No model was named. {known_models()}")
    if most is not None and len(specs) > most:
        raise UsageError(f"{len(specs)} models were named. At most {most} run side by side.")
    files: dict[str, ModelFile] = {}
    for spec in specs:
        file = parse(spec) if isinstance(spec, str) else spec
        if file.server and not elsewhere:
            raise UsageError(
                f"“{file.key}” runs on another machine, which only Compare and ask can use. "
                "Name models of this machine."
            )
        at = _place(file)
        if other := files.get(at):
            named = spec if isinstance(spec, str) else spec.key
            raise UsageError(f"“{named}” names the same file as “{other.key}”. Name it once.")
        files[at] = _with_free_key(file, {each.key for each in files.values()})
    return tuple(files.values())


def twins(files: Sequence[ModelFile]) -> dict[int, int]:
    """Which files are the same as an earlier one, by their places among them: each with that one's."""
    places = [_place(file) for file in files]
    return {n: places.index(at) for n, at in enumerate(places) if places.index(at) < n}


def parse(spec: str) -> ModelFile:
    """The file one SPEC means: a path, an id, or an id with a quantization; or the model of a server.
    Raises UsageError.
    """
    if os.path.isfile(os.path.expanduser(spec)):
        return _local(spec)
    if spec.startswith("@"):
        return remote(spec)
    if spec.startswith(("http:", "https:", "hf:")):
        raise UsageError(f"“{spec}”: models on other machines can't be compared, not yet.")
    return _local(spec) if is_path(spec) else catalogued(spec)


def remote(spec: str) -> ModelFile:
    """What `@server` or `@server/model` means; which servers there are is their owner's matter."""
    server, _, served = spec.removeprefix("@").partition("/")
    if not server or len(spec) > 400 or letters.name(spec) != spec:
        raise UsageError(
            f"“{spec[:60]}” names no server. Write @server/model, or @server where it has one."
        )
    name = f"{served.rpartition('/')[2]} on {server}" if served else server
    return ModelFile(
        key=spec.removesuffix("/"), model=served or server, name=name,
        short=served.rpartition("/")[2] or server, file="", server=server, served=served or None,
    )  # fmt: skip


def offered(spec: str) -> ModelFile:
    """What an owner offers by a SPEC: a model of the catalogue or of a server, whatever lies in the folder.
    Raises UsageError.
    """
    return remote(spec) if spec.startswith("@") else catalogued(spec)


def is_path(spec: str) -> bool:
    """Whether a SPEC can mean nothing but a path, be there a file or not."""
    return "/" in spec or os.sep in spec or spec.lower().endswith(".gguf")


def catalogued(spec: str) -> ModelFile:
    """The file of the catalogue that an id means, whatever lies in the folder. Raises UsageError."""
    model_id, _, quant_name = spec.partition(":")
    model = MODELS.get(model_id.lower())
    if model is None:
        raise UsageError(f"There is no model “{model_id}”. {known_models()}")
    quant = model.quant(quant_name or model.default_quant)
    if quant is None:
        known = ", ".join(quant.name for quant in model.quants)
        raise UsageError(f"{model.name} has no quantization “{quant_name}”. It has {known}.")
    return catalogue_file(model, quant)


def catalogue_file(model: Model, quant: Quant) -> ModelFile:
    return ModelFile(
        key=f"{model.id}:{quant.name}",
        model=model.id,
        name=model.name,
        short=model.short,
        file=quant.file,
        quant=quant.name,
        bytes=quant.bytes,
        repo=None if model.package else model.repo,
        package=model.package,
        template=model.template,
        template_stop=model.template_stop,
        base=model.base,
        about=About(
            parameters=model.parameters,
            context=model.context,
            licence=model.licence_note,
            origin=model.repo,
            quants=model.quants,
            shape=model.shape,
        ),
    )


def files_of(model_id: str) -> tuple[ModelFile, ...]:
    """All files of a model of the catalogue; none where there is no such model."""
    model = MODELS.get(model_id)
    return tuple(catalogue_file(model, quant) for quant in model.quants) if model else ()


def place(file: ModelFile) -> int:
    """Where its model stands in the catalogue; behind all, where it isn't of it."""
    return [*MODELS, file.model].index(file.model)


def known_models() -> str:
    return f"Known: {', '.join(MODELS)}, or the path of a .gguf file."


def renewed(file: ModelFile) -> ModelFile:
    """A file by its path as it is now: read again where another is there, under the key that it has."""
    if file.path is None or identity(file.path) == file.version:
        return file
    return replace(_local(file.path), key=file.key)


def _local(spec: str) -> ModelFile:
    given = Path(os.path.expanduser(spec))
    version = identity(given)
    path, header = _read(given)
    name = letters.name(path.name)
    stem = name.removesuffix(".gguf") or name
    if header and header.name and _HASH.fullmatch(name):
        stem = shown(header.name)
    return ModelFile(
        key=name or letters.name(spec),
        model=stem,
        name=stem,
        short=stem,
        file=name,
        quant=header.quant if header else None,
        bytes=sum(size for _, _, size, _ in version) if path.is_file() else None,
        path=str(path),
        about=_about(header) if header else About(),
        version=version,
    )


def _read(path: Path) -> tuple[Path, Header | None]:
    """Where a model's file begins, and the header of all its parts, where they are here; no header where it
    can't be read.
    """
    try:
        header = read_header(path)
    except HeaderError:
        return path, None  # what is wrong with it is its column's failure
    try:
        first, header = read_model(path)
        return Path(first), header
    except (HeaderError, OSError):
        return path, header if header.split is None else replace(header, parameters=0)


def _about(header: Header) -> About:
    licence = header.metadata.get("general.license")
    return About(
        parameters=numbers.parameters(header.parameters) if header.parameters else None,
        context=header.context,
        licence=shown(licence) if isinstance(licence, str) else None,
        architecture=shown(header.architecture) if header.architecture else None,
        has_template=bool((header.chat_template or "").strip()),
        recommended=tuple(_recommended(header)),
    )


# What llama.cpp reads of general.sampling.* (llama_model_meta_key in llama.h), and has a setting here.
_SAMPLING = {
    "temp": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "penalty_repeat": "repeat_penalty",
}


def _recommended(header: Header) -> Iterator[tuple[str, int | float]]:
    """Which settings a header recommends; a single-precision number as it was meant, 0.6 and no longer."""
    for key, name in _SAMPLING.items():
        value = header.metadata.get(f"general.sampling.{key}")
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6:
            yield name, int(value) if name == "top_k" else float(f"{value:.6g}")


def _place(file: ModelFile) -> str:
    """Where it is, whatever leads there; of the catalogue's its key."""
    try:
        return file.key if file.path is None else os.path.realpath(file.path)
    except ValueError:  # no path can be written so
        return file.path


def _with_free_key(file: ModelFile, taken: set[str]) -> ModelFile:
    key, n = file.key, 1
    while key in taken:
        n += 1
        key = f"{file.key}#{n}"
    return replace(file, key=key)
