"""Machines that a model may have to fit into: what they have, from data/hardware.toml, or from GB typed in.

Knows nothing of models. Typed gigabytes are decimal, as everywhere in the app, and taken for what
CUDA or Metal would call the card's total.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from compare.asked import typed
from compare.usage import UsageError, faults

DATA = Path(__file__).parent.parent / "data" / "hardware.toml"
HERE = "this machine"
TYPED = "24GB (of VRAM), 16GB-ram (no GPU) or 24GB+32GB-ram"
"""Examples of hardware that is typed in."""
MAX_GB = 100_000
_GB = r"(\d[\d ,.'_]{0,18}?)\s*(GB|GiB)?"
_VRAM = re.compile(rf"{_GB}(?:[\s-]*vram)?", re.IGNORECASE)
_RAM = re.compile(rf"{_GB}[\s-]*ram", re.IGNORECASE)
_BARE = re.compile(r"(?:.*\+)?\s*\d[\d ,.'_]*")
"""Ends in a number without a unit, so that a comma behind it may be a decimal one."""

Amount = Annotated[float, Field(gt=0, le=MAX_GB, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]


class HardwareError(ValueError):
    """What is wrong with the table of hardware, with the row and the field."""


class UnknownHardware(UsageError):
    """A text that is neither a machine's name nor an amount of memory."""


class Hardware(BaseModel):
    """One machine. A memory that is None is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    name: Text
    title: Text
    kind: Literal["spaces", "notebook", "personal", "apple", "typed", "here"]
    vcpus: Annotated[int, Field(ge=1, le=4096)] | None = None
    ram_gb: Amount | None = None
    ram_gib: Amount | None = None
    """instead of ram_gb, where the figure is known to be binary"""
    ram_taken_gb: Amount | None = None
    """in use before any work"""
    gpu: Text | None = None
    gpus: Annotated[int, Field(ge=1, le=64)] = 1
    vram_gb: Amount | None = None
    """of each GPU, as the maker calls it"""
    usable_mib: Annotated[int, Field(gt=0)] | None = None
    """the total of each GPU as CUDA or Metal sees it"""
    usable_source: Text | None = None
    usable_as_of: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")] | None = None
    nominal_only: bool = False
    unified: bool = False
    """one memory for processor and GPU"""
    note: str | None = None
    source: Text
    as_of: date | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.ram_gb is not None and self.ram_gib is not None:
            raise ValueError("ram_gib: give ram_gb or ram_gib, not both")
        if self.gpu is None and (self.vram_gb is not None or self.usable_mib is not None):
            raise ValueError("gpu: memory of a GPU needs the GPU's name")
        if self.gpu is None:
            return self
        if self.vram_gb is None:
            raise ValueError("vram_gb: a GPU needs its nominal GB")
        if (self.usable_mib is None) != self.nominal_only:
            raise ValueError(
                "nominal_only: must be true where usable_mib is missing, and only there"
            )
        if self.usable_mib and self.usable_mib > self.vram_gb * 1024:
            raise ValueError("usable_mib: more than the GPU's nominal GB")
        return self

    @property
    def ram_bytes(self) -> int | None:
        if self.ram_gib is not None:
            return round(self.ram_gib * 2**30)
        return None if self.ram_gb is None else round(self.ram_gb * 1e9)

    @property
    def ram_free_bytes(self) -> int | None:
        """RAM, less what is in use before any work."""
        if self.ram_bytes is None:
            return None
        return max(0, self.ram_bytes - round((self.ram_taken_gb or 0) * 1e9))

    @property
    def gpu_bytes(self) -> int:
        """What one GPU offers: as CUDA or Metal sees it, or the nominal GB where only these are known."""
        if self.gpu is None:
            return 0
        return self.usable_mib * 2**20 if self.usable_mib else round(self.vram_gb * 1e9)

    @property
    def vram_bytes(self) -> int:
        """Of all GPUs together; 0 without one."""
        return self.gpu_bytes * self.gpus if self.gpu else 0


def known(path: Path = DATA) -> list[Hardware]:
    """The machines of the table, in its order. Raises HardwareError."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("hardware")
    except (OSError, ValueError) as error:
        raise HardwareError(f"{path.name} can't be read: {error}.") from error
    if not isinstance(rows, list):
        raise HardwareError(f"{path.name} has no [[hardware]] rows.")
    machines: list[Hardware] = []
    for number, row in enumerate(rows, start=1):
        try:
            made = Hardware.model_validate(row)
        except ValidationError as error:
            raise HardwareError(f"{path.name}, {_fault(number, row, error)}") from error
        if made.as_of is None:
            raise HardwareError(f"{path.name}, {_place(number, row)}, as_of: is missing.")
        if made.name in {other.name for other in machines}:
            raise HardwareError(f"{path.name}, {_place(number, row)}, name: is there twice.")
        machines.append(made)
    return machines


def _fault(number: int, row: object, error: ValidationError) -> str:
    fault = faults(error)[0]
    field = f"{fault.field}: " if fault.field else ""
    return f"{_place(number, row)}, {field}{fault.said}."


def _place(number: int, row: object) -> str:
    name = row.get("name") if isinstance(row, Mapping) else None
    return f"row {number} ({name})" if isinstance(name, str) else f"row {number}"


def split(text: str) -> list[str]:
    """The machines in a text: between commas that aren't decimal ones, or on lines of their own."""
    found: list[str] = []
    for part in re.split(r"[;\n]|,(?!\d)", typed.cleaned(text)):
        first, *others = part.split(",")
        found.append(first)
        for other in others:
            if _BARE.fullmatch(found[-1]):
                found[-1] += f",{other}"
            else:
                found.append(other)
    return [each.strip() for each in found if each.strip()]


def named(name: str, here: Hardware | None = None, path: Path = DATA) -> Hardware:
    """The machine of that name, or one with the GB that are typed. Raises UsageError.

    `here`: this machine, for its own name.
    """
    asked = " ".join(typed.cleaned(name).split()).lower()
    rows = ([here] if here else []) + known(path)
    for row in rows:
        if row.name.lower() == asked:
            return row
    try:
        made = _typed(asked)
    except ValidationError as error:
        raise UsageError(
            f"“{name}” is no memory a machine can have. Choose from 0 to {MAX_GB:,} GB."
        ) from error
    if made is None:
        names = ", ".join(row.name for row in rows)
        raise UnknownHardware(f"There is no hardware “{name}”. Known: {names}, or any GB: {TYPED}.")
    return made


def _typed(text: str) -> Hardware | None:
    parts = [part.strip() for part in text.split("+")]
    rams = [match for part in parts if (match := _RAM.fullmatch(part))]
    vrams = [match for part in parts if (match := _VRAM.fullmatch(part))]
    if len(rams) + len(vrams) != len(parts) or len(rams) > 1 or len(vrams) > 1:
        return None
    ram = _gigabytes(rams[0]) if rams else None
    words = [f"{_short(match)}" for match in vrams] + [f"{_short(match)}-ram" for match in rams]
    gpu = {}
    if vrams:
        gpu = {"gpu": "a GPU", "vram_gb": _gigabytes(vrams[0]), "nominal_only": True}
    name = "+".join(words)
    return Hardware(name=name, title=name, kind="typed", ram_gb=ram, source="typed in", **gpu)


def _gigabytes(match: re.Match) -> float:
    return _number(match) * (2**30 / 1e9 if (match[2] or "").lower() == "gib" else 1)


def _number(match: re.Match) -> float:
    """As typed, in the unit typed beside it. Raises UsageError."""
    text, unit = match[1], match[2] or ""
    before, comma, after = text.partition(",")
    if comma and after.isdigit() and len(after) != 3 and not (unit and len(after) == 1):
        raise UsageError(
            f"“{text}{unit}” may be one machine or two. "
            f"Write {before}.{after}GB for one, or {before}GB; {after}GB for two."
        )
    try:
        return typed.decimal(text, "24")
    except ValueError as error:
        raise UsageError(f"“{text}{unit}” is no amount of memory. {error}.") from error


def _short(match: re.Match) -> str:
    return f"{_number(match):.10g}{'GiB' if (match[2] or '').lower() == 'gib' else 'GB'}"


def this_machine(described: Mapping, vram_bytes: Sequence[int] = ()) -> Hardware:
    """What Machine.describe() tells. `vram_bytes`: the total of each GPU, where the driver told it.

    A GPU whose memory nobody knows is left out: a fit can't count on it.
    """
    gpu = {}
    if vram_bytes and min(vram_bytes) >= 2**20:
        names = described.get("gpus") or ("a GPU",)
        smallest = min(vram_bytes)
        gpu = {
            "gpu": names[0], "gpus": len(vram_bytes), "vram_gb": smallest / 2**30,
            "usable_mib": smallest // 2**20,
        }  # fmt: skip
    return Hardware(
        name=HERE, title="This machine", kind="here", vcpus=described.get("cores"),
        ram_gb=described["ram_bytes"] / 1e9, source="this machine", **gpu,
    )  # fmt: skip
