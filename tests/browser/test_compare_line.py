"""The line of this machine as its visitors see it."""

import re
import time

from fake_machine import fake
from playwright.sync_api import expect
from visitor import ask, column, state

from compare.asked.owner import Owner
from compare.models.catalogue import EMBEDDED_PAIR
from compare.run.line import Visitor
from compare.run.machine import Machine


def test_a_full_line_says_when_to_come_back_and_the_page_stays_as_it_was(serve, visit):
    machine = fake(["An answer.", "Another."])
    machine.line._most = 1
    for who in ("running", "waiting"):
        machine.line.enter(who, Visitor(who), 300)
        machine.line.join(who, lambda: None)
    tab = visit(serve(machine))
    ask(tab, "Who are you?")
    expect(tab.get_by_test_id("toast-text")).to_contain_text(
        re.compile("The line is full, with 1 run waiting.*come back in about 5.min"),
        timeout=30_000,
    )
    expect(state(tab, 1)).to_have_text("On this machine, ready")
    machine.line.leave("running")
    tab.locator("#run").click()
    expect(column(tab, 1)).to_contain_text("An answer.")


def test_who_waits_sees_their_place_and_a_closed_tab_gives_it_up(serve, visit):
    machine = Machine(Owner(models=EMBEDDED_PAIR))
    try:
        address = serve(machine)
        machine.line.enter("another's", None, 100)
        machine.line.join("another's", lambda: None)
        tab = visit(address)
        ask(tab, "Who are you?")
        expect(state(tab, 1)).to_have_text(
            re.compile("In line, 1.run before yours, starts within (2.min|[789])")
        )
        assert machine.line.waiting == 1
        tab.close()
        deadline = time.monotonic() + 10
        while machine.line.waiting:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        machine.close()
