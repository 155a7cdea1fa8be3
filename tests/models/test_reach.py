"""Whether the Hub can be reached: asked by one, for all, and never by who shows a page."""

import threading
from concurrent.futures import ThreadPoolExecutor

from compare.models.reach import PROBED_S, Reach


class Hub:
    """A probe that is answered once it may be."""

    def __init__(self):
        self.probes, self.answers, self.says = 0, threading.Event(), True

    def __call__(self) -> bool:
        self.probes += 1
        assert self.answers.wait(20)
        return self.says


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_many_who_ask_at_once_wait_for_one_answer():
    hub = Hub()
    reach = Reach(hub)
    with ThreadPoolExecutor(15) as visitors:
        asked = [visitors.submit(ask) for ask in [reach.asked, reach.known] * 7]
        hub.answers.set()
        assert all(each.result(20) for each in asked)
    assert reach.asked() and hub.probes == 1


def test_once_there_is_an_answer_a_page_waits_for_no_other():
    hub, clock = Hub(), Clock()
    reach = Reach(hub, clock)
    hub.answers.set()
    assert reach.known()
    hub.answers.clear()
    hub.says, clock.now = False, PROBED_S
    assert reach.known() and reach.known()  # as it was, while it is asked anew
    with ThreadPoolExecutor(1) as waits:
        anew = waits.submit(reach.asked)
        hub.answers.set()
        assert anew.result(20) is False
    assert not reach.known() and hub.probes == 2
