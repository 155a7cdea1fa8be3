"""Components and messages that several tabs have, each as Gradio needs it to look like ours."""

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr

from compare.asked.settings import Setting
from compare.usage import Faults, UsageError

Entries = Sequence[str | tuple[str, str | int]]
"""What a menu offers: a value, or what is read and its value."""


def refused(error: UsageError) -> gr.Error:
    """For the visitor and for the API's caller; raised, it leaves the page as it is.

    What is wrong in single fields is shown at these, and to the API's caller only here.
    """
    return gr.Error(
        html.escape(str(error), quote=False), title="Not run", print_exception=False,
        visible=not isinstance(error, Faults),
    )  # fmt: skip


def words(value: str = "", **more) -> gr.HTML:
    """Markup of ours, which asks nothing of Gradio's styles or scripts."""
    return gr.HTML(value, apply_default_css=False, js_on_load=None, **more)


def headline(title: str, rest: str) -> gr.HTML:
    return words(f"<h1>{title} <span>{rest}</span></h1>", elem_classes="headline")


def menu(entries: Entries, label: str, **more) -> gr.Dropdown:
    """A menu in a row of fields; `multiselect`: of which several may be chosen, and which can be searched."""
    return gr.Dropdown(
        entries, label=label, filterable=more.get("multiselect", False), interactive=True, min_width=0,
        elem_classes="field", **more,
    )  # fmt: skip


def typed(label: str, value: str | None = None, *, whole: bool = False, **more) -> gr.Textbox:
    """A line to type in; `whole`: a whole number, for which a phone shows digits.

    Text even for numbers: what was typed stays as it was typed, and is checked in one place.
    """
    return gr.Textbox(
        value, label=label, lines=1, max_lines=1, min_width=0, interactive=True,
        elem_classes=["field", "whole"] if whole else "field", **more,
    )  # fmt: skip


def tick(label: str, value: bool, **more) -> gr.Checkbox:
    """What is on or off."""
    return gr.Checkbox(
        value, label=label, container=False, interactive=True, min_width=0, elem_classes="tick", **more
    )  # fmt: skip


def of_setting(
    setting: Setting, value: Any, elem_id: str
) -> gr.Dropdown | gr.Textbox | gr.Checkbox:
    """The field of a setting: a menu, where nothing but its choices may stand."""
    if setting.kind is bool:
        return tick(setting.label, value, info=setting.help, elem_id=elem_id)
    if setting.choices:
        return menu(setting.entries, setting.label, value=value, elem_id=elem_id)
    return typed(
        setting.label, value, whole=setting.whole, placeholder=setting.placeholder, elem_id=elem_id
    )


def segments(entries: Entries, label: str, elem_id: str, value: str | None = None) -> gr.Radio:
    """A few choices side by side, one of them pressed."""
    return gr.Radio(
        entries, value=value, label=label, show_label=False, container=False, interactive=True,
        min_width=0, elem_id=elem_id, elem_classes="segments",
    )  # fmt: skip


def button(label: str, *kinds: str, **more) -> gr.Button:
    """A small button without a frame; `kinds`: its classes, by which it is known and drawn."""
    return gr.Button(
        label, size="sm", min_width=0, scale=0, elem_classes=list(kinds) or None, **more
    )


def action(label: str, elem_id: str) -> gr.Button:
    """The one thing to do here."""
    return gr.Button(label, variant="primary", min_width=0, elem_id=elem_id, elem_classes="action")


def thoughts(label: str) -> gr.Textbox:
    """A text to read, to the letter: plain, so that it costs the page little while it grows unseen.

    A field to Gradio, or it couldn't have the focus; the page's script keeps it from being written to.
    """
    return gr.Textbox(
        label=label, show_label=False, container=False, interactive=True, lines=7, max_lines=7,
        min_width=0, elem_classes="thoughts",
    )  # fmt: skip


def chart(elem_id: str, **more) -> gr.Plot:
    return gr.Plot(
        show_label=False, container=False, elem_id=elem_id, elem_classes="plot", **more
    )  # fmt: skip


def carried(label: str, elem_id: str) -> gr.Textbox:
    """A field that nobody sees: between the page's script and the server."""
    return gr.Textbox(visible="hidden", label=label, elem_id=elem_id)
