"""Gradio's theme in the page's own colours, which ui/colours.py makes of compare/colours.py."""

import inspect

from gradio.themes import Base, Font

SANS = "Inter", "ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"
MONO = "ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace"


def theme() -> Base:
    values = {
        "body_background_fill": "var(--page)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--muted)",
        "background_fill_primary": "var(--surface)",
        "background_fill_secondary": "var(--raised)",
        "border_color_primary": "var(--line)",
        "block_background_fill": "transparent",
        "block_border_width": "0px",
        "block_shadow": "none",
        "block_title_text_color": "var(--muted)",
        "block_label_text_color": "var(--muted)",
        "input_background_fill": "var(--surface)",
        "input_background_fill_focus": "var(--surface)",
        "input_border_color": "var(--control)",
        "input_border_color_focus": "var(--ink)",
        "input_placeholder_color": "var(--muted)",
        "input_shadow": "none",
        "input_shadow_focus": "none",
        "button_primary_background_fill": "var(--ink)",
        "button_primary_background_fill_hover": "var(--ink)",
        "button_primary_text_color": "var(--on-ink)",
        "button_primary_text_color_hover": "var(--on-ink)",
        "button_primary_border_color": "var(--ink)",
        "button_primary_shadow": "none",
        "button_secondary_background_fill": "transparent",
        "button_secondary_background_fill_hover": "var(--raised)",
        "button_secondary_text_color": "var(--muted)",
        "button_secondary_text_color_hover": "var(--ink)",
        "button_secondary_border_color": "transparent",
        "button_secondary_shadow": "none",
        "link_text_color": "var(--ink)",
        "link_text_color_hover": "var(--ink)",
        "link_text_color_active": "var(--ink)",
        "link_text_color_visited": "var(--ink)",
        "table_border_color": "var(--line)",
        "error_background_fill": "var(--surface)",
        "error_border_color": "var(--danger)",
        "error_text_color": "var(--danger)",
        "error_icon_color": "var(--danger)",
    }
    known = inspect.signature(Base.set).parameters
    both = {f"{name}_dark": value for name, value in values.items() if f"{name}_dark" in known}
    sizes = {
        "block_padding": "0px",
        "layout_gap": "0px",
        "form_gap_width": "0px",
        "block_radius": "0px",
        "input_radius": "8px",
        "input_border_width": "1px",
        "button_large_radius": "8px",
        "button_medium_radius": "8px",
        "button_small_radius": "8px",
        "block_title_text_size": "12px",
        "block_title_text_weight": "400",
    }
    return Base(font=[Font(name) for name in SANS], font_mono=[Font(name) for name in MONO]).set(
        **values, **both, **sizes
    )
