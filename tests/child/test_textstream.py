"""Characters come whole, stop strings never in part, however the bytes are cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from compare.child.textstream import TextStream


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(i % (len(data) + 1) for i in at), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def stream(pieces: list[bytes], stops=()) -> tuple[list[str], bool]:
    text = TextStream(stops)
    shown = []
    for piece in pieces:
        shown.append(text.push(piece))
        if text.stopped:
            return shown, True
    return [*shown, text.finish()], False


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.lists(st.integers(0, 10**6)))
def test_streamed_text_equals_the_whole(text, at):
    shown, _ = stream(cut(text.encode(), at))
    assert "".join(shown) == text


@given(
    st.text(alphabet="ab🎉", max_size=30),
    st.lists(st.text(alphabet="ab🎉", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(0, 10**6)),
)
def test_nothing_of_a_stop_string_is_ever_shown(text, stops, at):
    pieces = cut(text.encode(), at)
    shown, stopped = stream(pieces, stops)
    whole = "".join(shown)
    assert text.startswith(whole)
    assert stopped == any(stop in text for stop in stops)
    assert not any(stop in whole for stop in stops)
    if not stopped:
        assert whole == text
    for n in range(1, len(shown)):
        partial = "".join(shown[:n])
        assert whole.startswith(partial)


def test_a_stop_string_over_token_borders():
    assert stream([b"one\n", b"Q", b":", b" two"], ["\nQ:"]) == (["one", "", ""], True)


def test_what_might_have_been_a_stop_string_comes_later():
    assert stream([b"one\n", b"Q", b"uestion"], ["\nQ:"]) == (["one", "", "\nQuestion", ""], False)


def test_a_held_back_beginning_is_shown_at_the_end():
    assert stream([b"one\nQ"], ["\nQ:"]) == (["one", "\nQ"], False)


def test_bytes_that_are_no_character_in_the_middle_and_at_the_end():
    assert stream([b"a\xffb"])[0] == ["a\ufffdb", ""]
    assert stream([b"a\xf0\x9f"])[0] == ["a", ""]  # cut short by the end: dropped


def test_the_earliest_of_several_stops_counts():
    assert stream([b"x END y STOP"], ["STOP", "END"]) == (["x "], True)


def test_letters_that_are_never_shown_are_not_where_nothing_ends_it():
    assert TextStream((), "\ufdd0").push("a\ufdd0b".encode()) == "ab"
