"""The README's front matter is what the Hub takes, and agrees with what is installed. The pages' links lead
somewhere.
"""

import re
from pathlib import Path
from typing import Literal

import yaml
from huggingface_hub import SpaceCard
from huggingface_hub.utils import filter_repo_objects
from pydantic import BaseModel, ConfigDict, Field

from compare.asked.owner import Owner
from compare.models.catalogue import MODELS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


class FrontMatter(BaseModel):
    """huggingface.co/docs/hub/spaces-config-reference, as far as it is used here.

    The hardware that may be suggested is that of a Gradio Space; ZeroGPU isn't, it is chosen in the settings.
    """

    model_config = ConfigDict(extra="forbid")
    title: str
    emoji: str = Field(max_length=2)
    colorFrom: Literal["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]
    colorTo: Literal["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]
    sdk: Literal["gradio"]
    sdk_version: str
    python_version: str = Field(pattern=r"^3\.\d+(\.\d+)?$")
    app_file: str
    suggested_hardware: Literal["cpu-basic", "cpu-upgrade", "t4-small", "t4-medium", "l4x1", "l4x4"]
    startup_duration_timeout: str = Field(pattern=r"^\d+(\.\d+)?[mh]$")
    pinned: bool
    license: str
    short_description: str = Field(max_length=60)
    models: list[str]
    preload_from_hub: list[str]
    """a repository and its files a line, fetched as the Space is built"""
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


def test_what_is_preloaded_is_in_the_catalogue():
    files = {model.repo: {quant.file for quant in model.quants} for model in MODELS.values()}
    for line in front_matter().preload_from_hub:
        repo, names = line.split(" ")
        assert set(names.split(",")) <= files[repo]


def test_the_hub_reads_the_front_matter_as_it_is_meant():
    read, found = SpaceCard(README).data, front_matter()
    for name in "title", "sdk", "sdk_version", "python_version", "app_file", "license", "models":
        assert getattr(read, name) == getattr(found, name), name
    assert read.to_dict() == found.model_dump()


def test_zerogpu_has_the_python_version():
    assert front_matter().python_version in {"3.12.12", "3.10.13"}


def test_every_variable_of_the_owner_is_in_the_table():
    for field in Owner.model_fields.values():
        assert f"| `{field.alias}` |" in README


def test_pictures_and_pages_are_there():
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).is_file(), path


def test_the_upload_takes_what_a_space_needs_and_no_more():
    command = re.search(r"hf upload YOU/\S+ \. (.*?)\n```", README, re.S)[1]
    patterns = {key: re.findall(rf'--{key} "?([^"\s]+)', command) for key in ("include", "exclude")}
    folders = [
        path for name in ("compare", "prompts", "tests") for path in (ROOT / name).rglob("*")
    ]
    files = [str(p.relative_to(ROOT)) for p in [*ROOT.glob("*"), *folders] if p.is_file()]
    allowed, ignored = patterns["include"], patterns["exclude"]
    taken = set(filter_repo_objects(files, allow_patterns=allowed, ignore_patterns=ignored))
    needed = {f for f in files if f.startswith(("compare/", "prompts/")) and "__pycache__" not in f}
    assert taken == needed | {"app.py", "README.md", "requirements.txt"}


def test_every_file_that_is_named_is_there():
    for page in (README, (ROOT / ".github" / "HOSTING.md").read_text()):
        for path in re.findall(r"`((?:compare|tests|prompts)/[\w./-]*)`", page):
            assert (ROOT / path).exists(), path
