"""What a visitor does on the page, and where they look."""

import re

from playwright.sync_api import Locator, Page, expect


def choose(tab: Page, place: int, model: str) -> None:
    menu = tab.get_by_role("combobox", name=f"Model {place}")
    if menu.input_value() != model:
        menu.click()
        # Its own: another's, just chosen from, is there until it has faded.
        column(tab, place).get_by_role("option", name=model).click()
    expect(column(tab, place).locator(".strip")).to_have_attribute("data-name", model)


def column(tab: Page, place: int):
    return tab.locator(".col").nth(place - 1)


def state(tab: Page, place: int):
    """The state line of a column."""
    return column(tab, place).locator(".strip .state")


def ask(tab: Page, prompt: str, **settings: str) -> None:
    """Fills in the prompt and the settings by their labels, and runs."""
    if settings:
        fill_in(tab, **settings)
    tab.get_by_label("Prompt", exact=True).fill(prompt)
    tab.get_by_role("button", name=re.compile("run$", re.IGNORECASE)).click()


def fill_in(tab: Page, **settings: str) -> None:
    """Opens the settings and fills them in by their labels."""
    tab.get_by_role("button", name="Settings").click()
    for label, value in settings.items():
        _fill(tab.get_by_label(label.replace("_", " ")), value)


def _fill(field: Locator, value: str) -> None:
    """Types until it stays: what comes within milliseconds of the field's opening is overwritten."""
    for _ in range(20):
        field.fill(value)
        field.page.wait_for_timeout(150)
        if field.input_value() == value:
            return
    expect(field).to_have_value(value)
