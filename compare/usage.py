"""What is wrong in what a person asks for, in plain words: what stands there, why it can't, what to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError


class UsageError(ValueError):
    """Wrong usage; the text says what was wrong and what to do."""


class Faults(UsageError):
    """Everything that is wrong in what is asked for, by the field where it stands."""

    def __init__(self, said: Mapping[str, str]):
        super().__init__(" ".join(said.values()))
        self.said = dict(said)


@dataclass(frozen=True, slots=True)
class Fault:
    """What pydantic finds wrong: the field, what stands there, and why it can't."""

    field: str
    """empty where it is the fields together"""
    value: object
    said: str

    @property
    def stands(self) -> str:
        """What stands there, as a person would write it: “many”, -1; of much, the beginning."""
        if not isinstance(self.value, str):
            return repr(self.value)
        return f"“{self.value if len(self.value) <= 60 else self.value[:60] + '…'}”"

    def __str__(self) -> str:
        return f"{self.field or 'a setting'} is {self.stands}. {self.said}."


_PLAINLY = {
    "int_parsing": "It must be a whole number",
    "int_from_float": "It must be a whole number",
    "int_parsing_size": "It must be a smaller number",
    "float_parsing": "It must be a number",
    "finite_number": "It must be a finite number",
    "greater_than": "It must be more than {gt:,.10g}",
    "greater_than_equal": "It must be at least {ge:,.10g}",
    "less_than_equal": "It must be at most {le:,.10g}",
    "bool_parsing": "It must be true or false",
}
"""Pydantic's kinds of errors, for those who don't know what an integer is."""


def faults(error: ValidationError) -> list[Fault]:
    """Everything that is wrong, in the fields' order."""
    return [
        Fault(
            str(found["loc"][0]) if found["loc"] else "",
            found["input"],
            _plainly(found),
        )
        for found in error.errors()
    ]


def _plainly(found: Mapping) -> str:
    if found["type"] in _PLAINLY:
        return _PLAINLY[found["type"]].format(**found.get("ctx", {}))
    return found["msg"].removeprefix("Value error, ").rstrip(".")
