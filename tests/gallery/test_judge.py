"""What is judged is a claim, not a word: code by what it does, numbers and names by what they are said of."""

import pytest
from pydantic import TypeAdapter

from compare.gallery.checks import Check
from compare.gallery.judge import Verdict, judge

CHECK = TypeAdapter(Check)


def said(check: dict, answer: str) -> Verdict:
    return judge(CHECK.validate_python(check), answer)


EVEN = {"python": "even", "cases": [{"of": [2], "gives": True}, {"of": [3], "gives": False}]}
SUMS = {"sql": "create table t (a, b); insert into t values (1, 2), (1, 3)", "rows": [[1, 5]]}


@pytest.mark.parametrize(
    ("check", "answer", "right", "reason"),
    [
        (
            EVEN,
            "def even(n):\n    while n > 1:\n        n -= 2\n    return n == 0",
            True,
            "even gives what it",
        ),
        (EVEN, "def even(n):\n  print(n % 2 == 0)", False, "even(2) gives None, not True"),
        (EVEN, "def even(n):\n  return n % 2", False, "even(2) gives 0, not True"),
        (
            EVEN,
            "def even(n):\n  return n.x",
            None,
            "can't be worked out here: it has an expression",
        ),
        (EVEN, "def even(n):\n  return exec('n')", None, "can't be worked out here: it calls exec"),
        (EVEN, "def even(n):\n  while True: pass", None, "can't be worked out here: it takes long"),
        (EVEN, "def even(n):\n  return even(n)", None, "can't be worked out here: it calls itself"),
        (EVEN, "def even(n):\n  return [n] * 10 ** 9", None, "can't be worked out here: it "),
        (
            EVEN,
            "def even(n):\n  return list(range(9999999999)) == n",
            None,
            "can't be worked out here: it",
        ),
        (EVEN, "def odd(n):\n  return n % 2 == 1", False, "has no function even that can be read"),
        (
            SUMS,
            "It is:\n```sql\nSELECT a, sum(b) FROM t GROUP BY a\n```",
            True,
            "its rows are those",
        ),
        (
            SUMS,
            "select a, sum(b) from t group by a\nThis adds them up.",
            True,
            "its rows are those",
        ),
        (SUMS, "SELECT a, b FROM t", False, "its rows aren't those that are asked for"),
        (SUMS, "with x as (delete from t) select 1", False, "has a query that can't be run: "),
        (SUMS, "select load_extension('x')", False, "has a query that can't be run: "),
        (
            SUMS,
            "with recursive x(a) as (select 1 union all select a from x) select * from x",
            False,
            "",
        ),
        (SUMS, "I can't.", False, "has no query"),
    ],
)
def test_code_is_judged_by_what_it_does_and_never_run(check, answer, right, reason):
    verdict = said(check, answer)
    assert verdict.substance is right
    assert verdict.reasons[0].startswith(reason)


MINUTES = {"number": 155, "unit": "minutes", "of": ["journey"], "beside": [60, 120]}
PRICE = {"number": 6, "of": ["change"], "beside": [3, 14, 20], "others": ["Tom"]}


@pytest.mark.parametrize(
    ("check", "answer", "right"),
    [
        (MINUTES, "2 hours and 35 minutes, or 155 minutes", True),
        (MINUTES, "From 14:35 to 17:10 it is 155 minutes.", True),
        (MINUTES, "It is 155 seconds.", False),
        (MINUTES, "3 hours and 35 minutes (155 minutes)", False),
        (PRICE, "It costs:\n\n1. Pens: 3\n2. Books: 14\n\nThe change is 6.", True),
        (PRICE, "The change is 6 euros, 30% of 20 and 8 euros less than 14.", True),
        (PRICE, "Some answer 5, but the correct answer is 6.", True),
        (PRICE, "It is 6. Therefore, the change is 14.", False),
        (PRICE, "The change is 5. 6 would be the price of a pen.", False),
        (PRICE, "Tom's change: 9. The change: 6.", True),
        (
            PRICE,
            "20 - 14 = 6 euros are left over. To find what she gets back, we now have to",
            False,
        ),
        (PRICE, "The change is 6 euros more than 14, so the change is 20.", False),
    ],
)
def test_the_number_must_be_what_is_claimed_of_the_thing_asked(check, answer, right):
    assert said(check, answer).substance is right, said(check, answer)


BOX = {"one_of": ["green"], "others": ["red", "blue"], "about": ["lightest"]}


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Red is heavy. The lightest box is the green one, then blue.", True),
        ("At first blue seems right. Therefore, the answer is green.", True),
        ("Green or blue", False),
        ("The lightest is blue, since green is heavier.", False),
        ("It is blue, not green.", False),
        ("Is it green? It is red.", False),
    ],
)
def test_a_name_must_be_what_the_answer_gives(answer, right):
    assert said(BOX, answer).substance is right, said(BOX, answer)
