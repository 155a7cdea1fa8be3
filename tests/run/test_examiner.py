"""Looking into files for many at once: one child, one answer, no waiting for a Hub that is silent."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import child

from compare.asked.settings import LoadSettings
from compare.memory.admission import Gate
from compare.models.files import Files
from compare.models.reach import Reach
from compare.models.spec import parse
from compare.run.examiner import Examiner
from compare.run.response import Response

TINYLLAMA = parse("tinyllama")
VISITORS = 15


class Counted:
    """Spawns fakes, and notes how many there were, and how many at the same time."""

    def __init__(self):
        self.made, self.most, self._living = 0, 0, []

    def __call__(self, sink):
        self._living = [process for process in self._living if process.alive]
        self._living.append(child("good")(sink))
        self.made, self.most = self.made + 1, max(self.most, len(self._living))
        return self._living[-1]


def examiner(spawn: Counted, reaches: bool = True, files: Files | None = None) -> Examiner:
    reach = Reach(lambda: reaches)
    return Examiner(files or Files(), Gate(), reach, spawn, is_free=lambda: True)


def all_at_once(examined: Examiner, asked: list[tuple]) -> list[Response]:
    with ThreadPoolExecutor(len(asked)) as visitors:
        return list(visitors.map(lambda each: examined.examine(*each), asked))


def test_many_visitors_start_one_child_for_each_thing_they_ask(tiny):
    spawn, file = Counted(), parse(tiny())
    asked = [(file, LoadSettings(n_ctx=256 + 256 * (n % 2))) for n in range(VISITORS)]
    found = all_at_once(examiner(spawn), asked)
    assert (spawn.made, spawn.most) == (2, 1)
    assert len({response.prediction.kv_bytes for response in found}) == 2


def test_while_a_run_is_in_progress_no_child_is_started(tiny):
    spawn = Counted()
    busy = Examiner(Files(), Gate(), Reach(lambda: True), spawn, is_free=lambda: False)
    assert busy.examine(parse(tiny()), LoadSettings()).prediction and not spawn.made


def test_a_hub_that_is_known_to_be_silent_is_asked_for_nothing():
    class Unasked(Files):
        def header_of(self, file):
            raise AssertionError("the Hub was asked")

    found = all_at_once(
        examiner(Counted(), reaches=False, files=Unasked()),
        [(TINYLLAMA, LoadSettings())] * VISITORS,
    )
    assert all(response.prediction.approximate for response in found)


def test_a_header_that_was_asked_for_in_vain_is_not_asked_for_at_once_again(monkeypatch):
    class InVain(Files):
        asked = 0

        def header_of(self, file):
            self.asked += 1
            raise TimeoutError

    files = InVain()
    examined = examiner(Counted(), files=files)
    for _ in range(2):
        assert examined.examine(TINYLLAMA, LoadSettings()).prediction.approximate
    assert files.asked == 1


def test_an_error_that_nobody_foresaw_reaches_all_and_stays_with_none():
    class Broken(Files):
        def header_of(self, file):
            raise KeyError("unforeseen")

    examined = examiner(Counted(), files=Broken())
    for _ in range(2):
        with pytest.raises(KeyError):
            examined.examine(TINYLLAMA, LoadSettings())
