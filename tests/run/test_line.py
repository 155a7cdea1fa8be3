"""The line: who may enter, whose turn it is, how long that takes, and what is told to who may not."""

import pytest

from compare.run.line import LATER_S, Line, Refused, Visitor, forwarded

ANN, BEN, CARL, DORA = map(Visitor, ("ann", "ben", "carl", "dora"))


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def joined(line: Line, who: str, visitor: Visitor | None = None, expected_s: float | None = None):
    line.enter(who, visitor, expected_s)
    line.join(who, lambda: None)


def refused(line: Line, visitor: Visitor) -> Refused:
    with pytest.raises(Refused) as raised:
        line.enter("another", visitor)
    assert str(line.refusal(visitor)) == str(raised.value)
    return raised.value


def test_each_visitor_has_one_that_runs_and_one_that_waits():
    line = Line()
    joined(line, "ann's first", ANN)
    joined(line, "ann's second", ANN)
    assert "One of your runs is waiting already" in str(refused(line, ANN))
    joined(line, "ben's", BEN)  # others are not held up by that
    assert [line.place(who) for who in ("ann's first", "ann's second", "ben's")] == [0, 1, 2]
    line.leave("ann's first")
    joined(line, "ann's third", ANN)  # her second runs now
    assert line.place("ann's third") == 2


def test_one_that_waits_for_its_file_counts_and_holds_up_nobody():
    line = Line()
    line.enter("ann's download", ANN)
    assert "One of your runs is waiting already" in str(refused(line, ANN))
    joined(line, "ben's", BEN)
    assert line.place("ben's") == 0 and not line.is_free


def test_the_machines_own_user_is_never_refused():
    line = Line(most=1)
    for n in range(5):
        joined(line, f"run {n}")
    assert line.place("run 4") == 4


def test_a_full_line_refuses_and_says_when_to_come_back():
    clock = Clock()
    line = Line(most=2, now=clock)
    joined(line, "ann's", ANN, expected_s=50)
    joined(line, "ben's", BEN)
    joined(line, "carl's", CARL)
    clock.now += 10
    said = refused(line, DORA)
    assert "The line is full, with 2 runs waiting" in str(said)
    assert str(said).endswith("Please come back in about 40\N{NO-BREAK SPACE}s.")
    assert said.retry_s == 40
    line.leave("ann's")
    line.enter("dora's", DORA)


def test_where_nothing_was_measured_nothing_is_promised():
    line = Line(most=1)
    joined(line, "ann's", ANN)
    joined(line, "ben's", BEN)
    assert line.wait_s("ben's") is None
    said = refused(line, CARL)
    assert str(said).endswith("come back in a minute.") and said.retry_s == LATER_S


def test_those_who_wait_for_downloads_are_as_many_at_most():
    line = Line(most=2)
    line.enter("ann's", ANN)
    line.enter("ben's", BEN)
    assert "The line is full" in str(refused(line, CARL))


def test_the_wait_is_what_those_before_it_will_take_at_most():
    clock = Clock()
    line = Line(now=clock)
    joined(line, "first", expected_s=30)
    joined(line, "second", expected_s=5)
    joined(line, "third")
    assert (line.wait_s("first"), line.wait_s("second"), line.wait_s("third")) == (0, 30, 35)
    clock.now += 20
    assert (line.wait_s("second"), line.wait_s("third")) == (10, 15)
    clock.now += 20  # it takes longer than was thought
    assert line.wait_s("third") == 5
    line.leave("first")
    clock.now += 1
    assert line.wait_s("third") == 4


def test_what_was_never_measured_takes_as_long_as_the_turns_before_it():
    clock = Clock()
    line = Line(now=clock)
    for n, took in enumerate((10, 20)):
        joined(line, n)
        clock.now += took
        line.leave(n)
    joined(line, "unknown")
    joined(line, "next")
    assert line.wait_s("next") == 15


def test_who_steps_out_stands_last_when_it_comes_again():
    line, told = Line(), []
    line.enter("first")
    line.join("first", lambda: told.append("first"))
    line.enter("second")
    line.join("second", lambda: told.append("second"))
    line.step_out("first")
    assert told == ["second"] and line.place("second") == 0
    line.join("first", lambda: None)
    line.join("first", lambda: None)
    assert line.place("first") == 1
    line.leave("second")
    line.leave("first")
    assert line.is_free and line.waiting == 0


@pytest.mark.parametrize(
    ("headers", "proxies", "address"),
    [
        (["203.0.113.9"], 0, None),  # anyone may write that
        (["203.0.113.9"], 1, "203.0.113.9"),
        (["made up, 203.0.113.9"], 1, "203.0.113.9"),
        (["made up", "203.0.113.9 , 10.0.0.1"], 2, "203.0.113.9"),
        ([], 1, None),
        (["203.0.113.9"], 2, None),
        ([" , "], 1, None),
    ],
)
def test_an_address_is_believed_as_far_as_the_owners_proxies_wrote_it(headers, proxies, address):
    assert Visitor("s", forwarded(headers)).address(proxies) == address


def test_sessions_of_one_address_are_one_visitor_where_a_proxy_is_trusted():
    one, other = Visitor("one", ("a lie", "203.0.113.9")), Visitor("other", ("203.0.113.9",))
    elsewhere = Visitor("elsewhere", ("203.0.113.9", "198.51.100.7"))
    for proxies, same in ((1, True), (0, False)):
        line = Line(proxies=proxies)
        joined(line, "anybody's")
        joined(line, "one's", one)
        assert (line.refusal(other) is not None) is same
        assert line.refusal(elsewhere) is None
