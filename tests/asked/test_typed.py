"""Numbers as people type them are read right, or refused with what to write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.asked.typed import decimal, whole

SPACES = " ", "\u00a0", "\u2009", "\u202f"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("4096", 4096), ("4 096", 4096), ("4\u2009096", 4096), ("4\u202f096", 4096), ("4,096", 4096),
        ("4’096", 4096), ("4_096", 4096), ("1,048,576", 1048576), ("1.048.576", 1048576),
        ("10,00,000", 1000000), ("1,000", 1000), ("−1", -1), ("-1", -1), ("+7", 7), ("256.0", 256),
        ("256,0", 256), ("4,096.0", 4096), (" ４０９６ ", 4096), ("٤٠٩٦", 4096), ("\u200e7", 7),
        ("0", 0), ("007", 7),
    ],
)  # fmt: skip
def test_a_whole_number(typed, meant):
    assert whole(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0.7", 0.7), ("0,7", 0.7), (",5", 0.5), (".5", 0.5), ("0,125", 0.125), ("1.024", 1.024),
        ("1,5", 1.5), ("1,0245", 1.0245), ("1234,567", 1234.567), ("1,234.5", 1234.5), ("1.234,5", 1234.5),
        ("1 234,5", 1234.5), ("1 024", 1024), ("−0,5", -0.5), ("1e-3", 0.001), ("1", 1), ("5.", 5),
        ("1,024,000", 1024000), ("1.024.000", 1024000),
    ],
)  # fmt: skip
def test_a_number(typed, meant):
    assert decimal(typed) == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("4.096", "A point begins decimals here. Write 4096 without it"),
        ("−1.000", "A point begins decimals here. Write -1000 without it"),
        ("0,7", "It must be a whole number"),
        ("2.5", "It must be a whole number"),
        ("1234,000", "It must be a whole number"),
        ("4k", "Write a whole number such as 256"),
        ("1e3", "Write a whole number such as 256"),
        ("0x7", "Write a whole number such as 256"),
        ("10²", "Write a whole number such as 256"),
        ("40 96", "Write a whole number such as 256"),
        ("4,096,00", "Write a whole number such as 256"),
        ("1,234 567", "Write a whole number such as 256"),
        ("--1", "Write a whole number such as 256"),
        (".", "Write a whole number such as 256"),
        ("", "Write a whole number such as 256"),
        ("9" * 5000, "It must be a shorter number"),
    ],
)
def test_what_is_no_whole_number_is_refused_with_what_to_write(typed, said):
    with pytest.raises(ValueError) as refused:
        whole(typed)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1,024", "It may mean 1.024 or 1024. Write one of these"),
        ("-12,345", "It may mean -12.345 or -12345. Write one of these"),
        ("0,x", "Write a number such as 0.7"),
        ("nan", "Write a number such as 0.7"),
        ("1,2,3", "Write a number such as 0.7"),
        ("0,7,", "Write a number such as 0.7"),
        ("1.2.3", "Write a number such as 0.7"),
        ("50%", "Write a number such as 0.7"),
        (",", "Write a number such as 0.7"),
        ("e5", "Write a number such as 0.7"),
    ],
)
def test_what_could_be_two_numbers_or_is_none_is_refused(typed, said):
    with pytest.raises(ValueError) as refused:
        decimal(typed)
    assert str(refused.value) == said


@given(st.integers(-(10**12), 10**12), st.sampled_from((*SPACES, ",", "’")))
def test_a_number_is_read_back_from_however_its_thousands_stand_apart(number, mark):
    assert whole(f"{number:,}".replace(",", mark)) == number == whole(str(number))


@given(st.decimals(0, 10, places=2), st.sampled_from(".,"))
def test_a_decimal_comma_is_a_decimal_point(number, mark):
    assert decimal(str(number).replace(".", mark)) == float(number)


@given(st.text(st.sampled_from("0123456789 ,.'-−eE"), max_size=12))
def test_what_is_read_has_the_digits_that_were_typed(typed):
    """Never others, and never in another order: 1,024 isn't 1.24."""
    digits = "".join(each for each in typed if each.isdigit()).lstrip("0")
    try:
        number = whole(typed)
    except ValueError:
        return
    assert (
        digits.startswith(str(abs(number)).lstrip("0")) and len(digits) - len(str(abs(number))) <= 2
    )
