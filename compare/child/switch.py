"""The switch for thinking that a template has of its own: which variables to set, so that it does as asked.

Knows no model; what a template makes of its variables it is told by whoever renders.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jinja2
from jinja2 import meta, nodes

from compare.child import sandbox

SWITCHES: Mapping[str, Mapping[str, Any]] = {
    # llama.cpp: common/chat.cpp sets it, most of models/templates read it: Qwen3, GLM, Gemma 4, SmolLM3.
    "enable_thinking": {"off": False, "on": True},
    # llama.cpp: models/templates of Granite 3.3, DeepSeek V3.1 to V4, Kimi K3.
    "thinking": {"off": False, "on": True},
    # llama.cpp: models/templates/MiniMax-M3.jinja
    "thinking_mode": {"off": "disabled", "on": "enabled"},
    # llama.cpp: models/templates/inclusionai-ling-3.0-flash.jinja
    "thinking_option": {"off": "off", "on": "on"},
    # llama.cpp: models/templates/ByteDance-Seed-OSS.jinja, in tokens; -1 is no limit.
    "thinking_budget": {"off": 0, "on": -1},
}
"""Variables that switch it, with their values."""
EFFORTS = ("reasoning_effort", "thinking_effort", "reasoning_strength")
"""Variables that say how much. llama.cpp: models/templates of gpt-oss, Solar Open and DeepSeek V4; of
Kimi K3; of Muse Glimmer."""
LEVELS = ("medium", "high", "low")
NOTHING = ("none", "no_think", "minimal")
"""Efforts that mean no thinking, where a template names them. llama.cpp: models/templates of Cohere2MoE; of
Hy3; of Solar Open."""

NO_SWITCH = "This model’s template has no switch for thinking, so it does as it does by itself."
ONLY_EFFORTS = "This model’s template can’t switch thinking off, only say how much; try low."
NO_EFFORT = "This model’s template doesn’t know the effort {}, so it was asked to think, no more."

Render = Callable[[Mapping[str, Any]], str | None]
"""The messages in the template with these variables; None where it refuses them."""


class Choice(NamedTuple):
    """The variables to set, and what a person should know of it."""

    variables: Mapping[str, Any]
    notices: tuple[str, ...] = ()


class _Way(NamedTuple):
    """Variables, and what the template makes of them."""

    variables: Mapping[str, Any]
    text: str


def choose(template: str, wanted: str, render: Render) -> Choice:
    """`wanted`: auto, off, on, or one of LEVELS. A switch that changes nothing in the prompt is none."""
    if wanted == "auto":
        return Choice({})
    read, named = _names(template)
    switches, efforts = SWITCHES.keys() & read, [name for name in EFFORTS if name in read]

    def way(position: str, levels: Sequence[str] = ()) -> _Way | None:
        switched = {name: SWITCHES[name][position] for name in sorted(switches)}
        tries = [{**switched, **dict.fromkeys(efforts, level)} for level in levels if efforts]
        for variables in filter(None, tries or [switched]):
            if (text := render(variables)) is not None:
                return _Way(variables, text)
        return None

    if wanted in LEVELS and efforts:
        levels = {level: way("on", [level]) for level in LEVELS}
        mine = levels[wanted]
        if mine and any(other and other.text != mine.text for other in levels.values()):
            return Choice(mine.variables)
    on = way("on", () if switches else LEVELS)
    off = way("off", [level for level in NOTHING if level in named]) if switches or named else None
    works = on is not None and off is not None and on.text != off.text
    if not works and (wanted == "off" or not efforts):
        return Choice({}, (ONLY_EFFORTS if efforts else NO_SWITCH,))
    if wanted == "off":
        return Choice(off.variables)
    notices = () if wanted == "on" else (NO_EFFORT.format(wanted),)
    return Choice(on.variables if works else {}, notices)


def _names(template: str) -> tuple[set[str], set[str]]:
    """The variables that a template reads, and those of NOTHING that it names."""
    try:
        tree = sandbox.read(template)
    except jinja2.TemplateError:
        return set(), set()
    named = {str(constant.value) for constant in tree.find_all(nodes.Const)}
    return meta.find_undeclared_variables(tree), named & set(NOTHING)
