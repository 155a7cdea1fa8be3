"""The README's front matter is what the Hub takes, and agrees with what is installed."""

import re
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from compare.asked.owner import Owner
from compare.models.catalogue import MODELS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


class FrontMatter(BaseModel):
    """huggingface.co/docs/hub/spaces-config-reference, as far as it is used here."""

    model_config = ConfigDict(extra="forbid")
    title: str
    emoji: str = Field(max_length=2)
    colorFrom: Literal["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]
    colorTo: Literal["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]
    sdk: Literal["gradio"]
    sdk_version: str
    python_version: str
    app_file: str
    pinned: bool
    license: str
    short_description: str = Field(max_length=60)
    models: list[str]
    tags: list[str]


def front_matter() -> FrontMatter:
    return FrontMatter(**yaml.safe_load(README.split("---\n")[1]))


def test_the_front_matter_agrees_with_what_is_installed():
    found = front_matter()
    pinned = re.search(r"^gradio==(.*)$", (ROOT / "requirements.txt").read_text(), re.M)
    assert found.sdk_version == pinned[1]
    assert (ROOT / found.app_file).is_file()
    assert found.license == "apache-2.0"
    repos = {model.repo for model in MODELS.values() if model.package is None}
    assert set(found.models) == repos


def test_every_variable_of_the_owner_is_in_the_table():
    for field in Owner.model_fields.values():
        assert f"| `{field.alias}` |" in README


def test_the_picture_is_there():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / path).is_file()
