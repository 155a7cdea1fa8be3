"""What of a text is letters, whoever wrote it, and what would steer the terminal or page that shows it.

By what Unicode will never change, not by this Python's table of it: letters newer than that, joiners, flags
and private letters are letters.
"""

import re

# C0 and C1 but for the line's end and the tab, the two that turn the order of letters around
# (unicode.org/reports/tr9, LRO and RLO), and halves of characters: bytes of a file's name that aren't UTF-8.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")
_HALF = re.compile("[\ud800-\udfff]")
_NO_NAME = re.compile(f"{_CONTROL.pattern}|{_HALF.pattern}|[\t\n\u2028\u2029]")
UNKNOWN = "\ufffd"


def steerless(text: str) -> str:
    """The text without control codes: it can't steer the terminal it is printed on."""
    return whole(_CONTROL.sub("", text))


def whole(text: str) -> str:
    """The text with a sign for each half of a character, so that it can be written as UTF-8."""
    return _HALF.sub(UNKNOWN, text)


def name(text: str) -> str:
    """A name, as a file has it or says it, fit to stand in a sentence: a sign for what is no letter."""
    return _NO_NAME.sub(UNKNOWN, text)
