"""The curated prompts of prompts/*.toml, one file a theme, checked entry by entry.

Knows what a prompt may hold, and neither models nor answers. A file or an entry at fault is left out, and
a sentence says which; the others stand.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from compare.asked.settings import FROM_FILE, LoadSettings, SamplingParams
from compare.gallery.checks import Check
from compare.usage import UsageError

PROMPTS = Path(__file__).parent.parent.parent / "prompts"
MAX_FILE_BYTES = 1_000_000

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, Field(min_length=1, max_length=1000)]
Url = Annotated[str, Field(pattern=r"^https://\S+$", max_length=500)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(_Entry):
    """Where something is from."""

    text: Line
    url: Url | None = None


def _from_text(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


class Claim(_Entry):
    """What someone said of models' answers: a quotation, not a finding."""

    text: Line
    source: Source

    _source = field_validator("source", mode="before")(_from_text)


class Prompt(_Entry):
    """One prompt with all that belongs to it. Its theme is its file's."""

    id: Id
    title: Annotated[str, Field(min_length=1, max_length=80)]
    prompt: Annotated[str, Field(min_length=1, max_length=20_000)]
    system: Annotated[str, Field(min_length=1, max_length=4_000)] | None = None
    settings: dict[str, Any] = {}
    """fields of SamplingParams, and n_ctx: those that the prompt sets; layers are the machine's matter"""
    tags: Annotated[tuple[Id, ...], Field(max_length=10, strict=False)] = ()
    why: Line
    """why it is interesting"""
    source: Source
    claim: Claim | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$")]
    """of the answer that is asked for, as BCP 47 writes it"""
    check: Check | None = None
    """what a right answer must hold; None where only a person can tell"""
    theme: Id

    _source = field_validator("source", mode="before")(_from_text)

    @field_validator("prompt", "system", mode="before")
    @classmethod
    def _without_outer_space(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value

    @field_validator("settings")
    @classmethod
    def _within_the_limits(cls, values: dict[str, Any]) -> dict[str, Any]:
        given = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        load = {"n_ctx": given.pop("n_ctx")} if "n_ctx" in given else {}
        sampling = SamplingParams.model_validate(given, strict=True, context=FROM_FILE)
        settings = LoadSettings.model_validate(load, strict=True, context=FROM_FILE)
        return sampling.model_dump(include=set(given)) | settings.model_dump(include=set(load))


class Theme(_Entry):
    """One file of prompts; its id is the file's name."""

    id: Id
    title: Annotated[str, Field(min_length=1, max_length=60)]
    about: Line
    prompts: Annotated[tuple[Prompt, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Gallery:
    """The themes in the order of their files, and a sentence for each thing at fault."""

    themes: tuple[Theme, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def prompts(self) -> dict[str, Prompt]:
        return {prompt.id: prompt for theme in self.themes for prompt in theme.prompts}


def load(folder: Path = PROMPTS) -> Gallery:
    """All prompts of a folder's *.toml. Never raises: what is wrong stands in `faults`."""
    if not folder.is_dir():
        return Gallery(faults=(f"{folder} can't be read: there is no such folder.",))
    return load_files(sorted(folder.glob("*.toml")))


def load_files(paths: Iterable[Path]) -> Gallery:
    """The prompts of these files, one theme each. Never raises: what is wrong stands in `faults`."""
    themes: list[Theme] = []
    faults: list[str] = []
    taken: dict[str, str] = {}
    for path in paths:
        try:
            table = read_toml(path)
        except Unreadable as error:
            faults.append(f"{path.name} {error}")
            continue
        theme = _theme(path, table, taken, faults)
        if theme is not None:
            themes.append(theme)
    for theme in list(themes):
        if theme.id in taken:
            faults.append(
                f"{theme.id}.toml has the name of a prompt ({taken[theme.id]}). Rename one of them."
            )
            themes.remove(theme)
    return Gallery(tuple(themes), tuple(faults))


class Unreadable(Exception):
    """A file that is no table; the text follows its name."""


def read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise Unreadable(f"is larger than {MAX_FILE_BYTES:,} bytes.")
        return tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise Unreadable(f"can't be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 text ({error.reason} at byte {error.start}).") from error
    except RecursionError as error:
        raise Unreadable("can't be read: its values are nested too deep.") from error
    except ValueError as error:
        raise Unreadable(f"is no TOML: {str(error).removesuffix('.')}.") from error


def _theme(
    path: Path, table: dict[str, Any], taken: dict[str, str], faults: list[str]
) -> Theme | None:
    entries = table.pop("prompt", [])
    if not isinstance(entries, list):
        faults.append(f"{path.name}, prompt: must be written as [[prompt]], once for each.")
        return None
    prompts = []
    for number, entry in enumerate(entries, start=1):
        prompt = _prompt(path, number, entry, taken, faults)
        if prompt is not None:
            prompts.append(prompt)
    if not entries:
        faults.append(f"{path.name}, prompt: there is none. Each begins with [[prompt]].")
    own = {key: value for key, value in table.items() if key not in ("id", "prompts")}
    for key in table.keys() - own.keys():
        faults.append(f"{path.name}, {key}: is no key of a theme. Prompts begin with [[prompt]].")
    try:
        return Theme.model_validate({**own, "id": path.stem, "prompts": tuple(prompts)})
    except ValidationError as error:
        for fault in error.errors():
            if fault["loc"][0] != "prompts":  # said above, prompt by prompt
                faults.append(f"{path.name}, {_said(fault)}")
        return None


def _prompt(
    path: Path, number: int, entry: object, taken: dict[str, str], faults: list[str]
) -> Prompt | None:
    name = entry.get("id") if isinstance(entry, Mapping) else None
    place = f"{path.name}, prompt {number}" + (f" ({name})" if isinstance(name, str) else "")
    if not isinstance(entry, Mapping):
        faults.append(f"{place}: must be a table of its own, begun with [[prompt]].")
        return None
    if "theme" in entry:
        faults.append(f"{place}, theme: is the file's name and can't be set.")
        return None
    try:
        made = Prompt.model_validate({**entry, "theme": path.stem})
    except ValidationError as error:
        faults += [f"{place}, {_said(fault)}" for fault in error.errors()]
        return None
    if made.id in taken:
        faults.append(f"{place}, id: is taken already by {taken[made.id]}.")
        return None
    taken[made.id] = place
    return made


def _said(fault: Mapping[str, Any]) -> str:
    """check.number.tolerance: Input should be greater than or equal to 0."""
    parts: list[str] = []
    for part in map(str, fault["loc"]):
        if parts[-1:] != [part]:  # a kind of check stands there twice, as tag and as key
            parts.append(part)
    message = fault["msg"].removeprefix("Value error, ").removesuffix(".")
    given = fault["input"]
    shown = f" (it is {given!r})" if isinstance(given, str | int | float) else ""
    return f"{'.'.join(parts)}: {message}{shown if len(shown) < 100 else ''}."


def chosen(gallery: Gallery, ids_or_themes: Iterable[str]) -> tuple[Prompt, ...]:
    """The prompts of these ids and themes, each once, in that order. Raises UsageError."""
    themes = {theme.id: theme.prompts for theme in gallery.themes}
    single = {id_: (prompt,) for id_, prompt in gallery.prompts.items()}
    picked: dict[str, Prompt] = {}
    for name in ids_or_themes:
        prompts = themes.get(name) or single.get(name)
        if prompts is None:
            raise UsageError(
                f"There is no prompt or theme “{name}”. Themes: {', '.join(themes) or 'none'}. "
                f"Prompts: {', '.join(single) or 'none'}."
            )
        picked |= {prompt.id: prompt for prompt in prompts}
    return tuple(picked.values())
