"""Control codes never reach a terminal, letters always."""

import pytest

from compare.letters import name, steerless, whole

LETTERS = {
    "half-space": "می\u200cروم",
    "joined": "👨\u200d👩\u200d👧",
    "newer than any table": "\U0001fae8\U0001faff\U000e0fff",
    "flag": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "private": "\ue000\uf8ff\U00100000",
    "marks of direction": "\u200f(שלום)\u200e \u2067a\u2069",
    "blanks": "a\u00a0b\u3000c\u00ad\u2060d\ufeff",
    "lines": "a\tb\nc",
}


@pytest.mark.parametrize("text", LETTERS.values(), ids=LETTERS)
def test_letters_stay(text):
    assert steerless(text) == whole(text) == text
    assert name(text) == text.replace("\t", "\ufffd").replace("\n", "\ufffd")


@pytest.mark.parametrize(
    "code", [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u202d", "\u202e"]
)
def test_control_codes_do_not(code):
    assert steerless(f"a{code}b") == (f"a{code}b" if code in "\t\n" else "ab")
    assert name(f"a{code}b") == "a\ufffdb"


@pytest.mark.parametrize("half", ["\udce8", "\ud83e", "\udfff"])
def test_half_a_character_is_a_sign_for_it(half):
    assert steerless(half) == whole(half) == name(half) == "\ufffd"
