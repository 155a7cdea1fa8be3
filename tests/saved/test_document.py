"""A comparison as a document: what it says of one answer."""

from compare.asked.comparison import comparison
from compare.protocol.events import Delta, Finished, Started
from compare.run.response import Response
from compare.saved.document import document


def told(*events) -> dict:
    """Of an answer to a request that was taken up at 1 s."""
    response = Response().after(Started(run=1, at=1.0, prompt_tokens=3, cached_tokens=0, threads=1))
    for event in (*events, Finished(run=1, at=9.0, reason="stop")):
        response = response.after(event)
    asked = comparison("hi", ["smollm2"], thinking="on")
    found = document(asked, {"smollm2:Q4_1": response}, {})
    assert found["params"]["thinking"] == "on"
    return found["responses"][0]


def test_thinking_stands_beside_the_answer():
    found = told(
        Delta(run=1, at=2.0, thinking="It is 17.", thinking_tokens=1), Delta(run=1, at=3.0),
        Delta(run=1, at=4.0, text="42", answer_at=4.0),
    )  # fmt: skip
    assert (found["text"], found["thinking"], found["thinking_tokens"]) == ("42", "It is 17.", 1)
    assert (found["output_tokens"], found["ttft_s"], found["first_answer_s"]) == (3, 1.0, 3.0)


def test_without_any_it_is_null():
    found = told(Delta(run=1, at=2.0, text="42", answer_at=2.0))
    assert (found["text"], found["thinking"], found["thinking_tokens"]) == ("42", None, 0)
    assert found["first_answer_s"] == found["ttft_s"] == 1.0
