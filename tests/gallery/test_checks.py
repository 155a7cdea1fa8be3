"""Each kind of check, with right, wrong and odd answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from compare.gallery.checks import Check
from compare.gallery.judge import MAX_S, Verdict, judge

CHECK = TypeAdapter(Check)
AGE = {"number": 26, "beside": [2, 3, 10], "others": ["Sarah", "Mary"]}
SQUARE = {"number": 25, "beside": [1, 2, 3, 4, 5, 6, 9, 16, 36]}
ONE_OF_EACH = [
    {"contains": "Paris"},
    {"not_contains": "Paris"},
    {"matches": r"(?i)\bparis\b"},
    {"not_matches": r"(?i)\bparis\b"},
    {"number": 26},
    {"number": 26, "unit": "minutes", "of": ["it"]},
    {"one_of": ["Paris"], "others": ["a", "1"], "about": ["is"]},
    {"says": ["is … paris"]},
    {"not_says": ["is … paris"]},
    {"python": "f", "cases": [{"of": [1], "gives": 2}]},
    {"sql": "create table t (a); insert into t values (1)", "rows": [[1]]},
    {"form": {"contains": "Paris"}},
    {"json_keys": ["a"]},
    {"max_words": 5, "max_sentences": 2, "max_characters": 50, "max_lines": 2},
    {"script": "Greek"},
    {"script": "Vietnamese"},
    {"all": [{"contains": "a"}, {"not_contains": "b"}]},
    {"any": [{"contains": "a"}, {"not_contains": "b"}]},
]


def said(check: dict, answer: str) -> Verdict:
    return judge(CHECK.validate_python(check), answer)


@pytest.mark.parametrize(
    ("check", "answer", "reason"),
    [
        ({"contains": "paris"}, "It is **Paris**.", "says “paris”"),
        ({"contains": "New York"}, "New\u00a0**York**", "says “New York”"),
        ({"contains": "don't fly"}, "They don’t fly.", "says “don't fly”"),
        ({"contains": "Hà Nội"}, "Ha\u0300 No\u0302\u0323i", "says “Hà Nội”"),
        ({"contains": "snake_case"}, "snake_case", "says “snake_case”"),
        ({"not_contains": "yellow"}, "A lemon is sour.", "doesn't say “yellow”"),
        ({"says": ["can not … fly"]}, "It can’t really *fly*.", "says “can not … fly”: “can not really fly”"),
        ({"says": ["glid*"], "meaning": "tells of gliding"}, "It glided.", "tells of gliding: “glided”"),
        ({"not_says": ["can fly"]}, "It can not fly.", "doesn't say “can fly”"),
        ({"matches": r"(?i)\bcan't\b"}, "It can’t", r"matches “(?i)\bcan't\b”: “can't”"),
        ({"matches": r"^\d+$"}, "２６", r"matches “^\d+$”: “26”"),
        ({"matches": r"(?s)^.*$"}, "x" * 99, f"matches “(?s)^.*$”: “{'x' * 60}…”"),
        ({"matches": "^", "meaning": "begins"}, "x", "begins"),
        ({"matches": "fl(y|ies)", "meaning": "tells of flying"}, "It flies.", "tells of flying: “flies”"),
        ({"not_matches": "fl(y|ies)", "meaning": "tells of flying"}, "No.", "doesn't tell of flying"),
        ({"one_of": ["Tokyo"]}, " *Tokyo.* ", "is “Tokyo”"),
        ({"one_of": ["Tokyo", "Edo"]}, '"EDO"', "is “Edo”"),
        ({"one_of": ["Tokyo", "Edo"]}, "It is Tokyo.", "says “Tokyo”"),
        ({"json_keys": ["a", "b"]}, '{"a": 1, "b": null}', "is JSON with “a” and “b”"),
        ({"json_keys": ["a"]}, '```json\n{"a": [1, 2]}\n```', "is JSON with “a”"),
        ({"json_keys": ["a"], "values": {"a": "Lyon"}}, '{"a": "lyon"}', "is JSON with “a”"),
        ({"json_keys": ["a"], "values": {"a": [1, "one"]}}, '{"a": "One"}', "is JSON with “a”"),
        ({"json_keys": ["a"]}, 'Here you are: {"a": 1}', "is JSON with “a”"),
        ({"json_keys": ["a"], "values": {"a": 34}}, '{"a": 34.0}', "is JSON with “a”"),
        ({"max_words": 3}, "It's well-known: 3.5", "has 3 words"),
        ({"min_sentences": 2, "max_sentences": 2}, "It is 3.5 m. Really…", "has 2 sentences"),
        ({"min_lines": 2}, "- one\n\n- two", "has 2 lines"),
        ({"max_characters": 3}, " abc\n", "has 3 characters"),
        ({"script": "Greek"}, "Καλημέρα, φίλε μου! 12", "100% of its letters are Greek"),
        ({"script": "Greek"}, "Το GPT είναι γλωσσικό μοντέλο", "88% of its letters are Greek"),
        ({"script": "Vietnamese"}, "Cảm ơn bạn rất nhiều.", "100% of its words have Vietnamese marks"),
        ({"script": "Han"}, "你好", "100% of its letters are Han"),
        ({"any": [{"contains": "a"}, {"contains": "b"}]}, "b", "says “b”"),
    ],
)  # fmt: skip
def test_a_right_answer_passes_and_says_why(check, answer, reason):
    verdict = said(check, answer)
    assert (verdict.substance, verdict.reasons) == (True, (reason,))


@pytest.mark.parametrize(
    ("check", "answer", "reason"),
    [
        ({"contains": "Paris"}, "It is Lyon.", "doesn't say “Paris”"),
        ({"not_contains": "yellow"}, "**YELLOW**", "says “yellow”"),
        ({"matches": r"\bno\b"}, "I know.", r"doesn't match “\bno\b”"),
        ({"matches": "fl(y|ies)", "meaning": "tells of flying"}, "No.", "doesn't tell of flying"),
        ({"not_matches": "fl(y|ies)", "meaning": "tells of flying"}, "It flies.", "tells of flying: “flies”"),
        ({"one_of": ["Tokyo", "Edo"]}, "It is Kyoto.", "doesn't say “Tokyo”"),
        ({"json_keys": ["a"]}, "[1]", "has no JSON object"),
        ({"json_keys": ["a"]}, '{"a": NaN}', "has no JSON object"),
        ({"json_keys": ["a"]}, '{"a": ' + "[" * 9000, "has no JSON object"),
        ({"json_keys": ["a"]}, '{"a": ' + "9" * 9000 + "}", "has no JSON object"),
        ({"json_keys": ["a"]}, "```", "has no JSON object"),
        ({"json_keys": ["a", "b", "c"]}, '{"a": 1}', "is JSON without “b” and “c”"),
        ({"json_keys": ["a"], "values": {"a": 1}}, '{"a": true}', "has something else than 1 in “a”"),
        ({"json_keys": ["a"], "values": {"a": "1"}}, '{"a": 1}', "has something else than '1' in “a”"),
        ({"max_words": 3}, "one two three four", "has 4 words, more than 3"),
        ({"min_words": 3}, "one", "has 1 word, fewer than 3"),
        ({"max_words": 9, "max_lines": 1}, "one\ntwo", "has 2 lines, more than 1"),
        ({"max_sentences": 1}, "One! Two?", "has 2 sentences, more than 1"),
        ({"script": "Greek"}, "Kalimera, φίλε", "33% of its letters are Greek"),
        ({"script": "Greek"}, "12 + 3", "has no letters"),
        ({"script": "Vietnamese"}, "Merci à tous les élèves", "0% of its words have Vietnamese marks"),
        ({"script": "Vietnamese"}, "Toi la mot tro ly", "0% of its words have Vietnamese marks"),
        ({"any": [{"contains": "a"}, {"contains": "b"}]}, "c", "doesn't say “a”"),
        ({"all": [{"contains": "a"}, {"contains": "b"}]}, "a", "doesn't say “b”"),
    ],
)  # fmt: skip
def test_a_wrong_answer_fails_and_says_why(check, answer, reason):
    verdict = said(check, answer)
    assert verdict.substance is False
    assert verdict.reasons[0] == reason


@pytest.mark.parametrize(
    ("check", "answer", "form", "reason"),
    [
        ({"one_of": ["Tokyo", "Edo"]}, "It is Tokyo.", False, "isn't “Tokyo” or “Edo” alone"),
        ({"one_of": ["Tokyo"]}, "tokyo.", True, "is “Tokyo” alone"),
        ({"json_keys": ["a"]}, 'Here you are: {"a": 1}', False, "isn't JSON alone (line 1)"),
        ({"json_keys": ["a"]}, '```json\n{"a": 1}\n```', True, "is JSON alone"),
        (
            {"all": [{"number": 26}, {"max_words": 1}]},
            "It is 26.",
            False,
            "has 3 words, more than 1",
        ),
        ({"any": [{"number": 26}, {"form": {"contains": "so"}}]}, "So: 26", True, "says “so”"),
        ({"form": {"all": [{"contains": "26"}, {"max_words": 1}]}}, "26!", True, "says “26”"),
    ],
)
def test_form_is_told_apart_from_substance(check, answer, form, reason):
    verdict = said(check, answer)
    assert verdict.substance is True
    assert (verdict.form, verdict.form_reasons[0]) == (form, reason)


def test_a_check_that_asks_for_no_form_gives_no_mark_for_it():
    assert said({"number": 26}, "It is 26.") == Verdict(True, ("names 26",))


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (AGE, "26"),
        (AGE, "John is 26 years old."),
        (AGE, "**26**"),
        (AGE, "２６"),
        (AGE, "٢٦"),
        (AGE, "26.0"),
        (AGE, "Twenty-six."),
        (AGE, "John is twenty six years old"),
        (AGE, "Answer:\n\n26"),
        (AGE, "John is a 26-year-old."),
        (AGE, "John is 26 years old because Sarah is 13."),
        (AGE, "26. Mary is 10, Sarah is 13, and John is twice that."),
        (AGE, "Mary is 10.\nSarah = 10 + 3 = 13\nJohn = 2 * 13 = 26"),
        (AGE, "1. Mary is 10 years old.\n2. Sarah is 10 + 3 = 13 years old.\n3. John is 2 x 13 = 26."),
        (AGE, "Half of it would be 13, but that is Sarah. Therefore, John is 26 years old."),
        (AGE, r"Sarah's age is 13. So John is \(2 \times 13 = \boxed{26}\)."),
        (AGE, "Is John 23? He is 26."),
        (AGE, "It may be 20. No: Sarah is 13, so John is 26."),
        (AGE, "There is no doubt that John is 26."),
        (AGE, "Sarah is not 26. John is 26."),
        (AGE, "It is not 23, but 26."),
        (AGE, "John is 26, not 23."),
        (AGE, "He is 26 and not 23."),
        (SQUARE, "1, 4, 9, 16, 25, 36"),
        (SQUARE, "The missing number is 25. The pattern is the squares of 1, 2, 3, 4, 5, and 6."),
        (SQUARE, "3² = 9, 4² = 16, 5² = 25"),
        (SQUARE, "5 squared is 25."),
        ({"number": 4042}, "4,042"),
        ({"number": 4042}, "4\u202f042"),
        ({"number": 4042}, "four thousand and forty-two"),
        ({"number": 26000}, "26 thousand"),
        ({"number": -5}, "It is −5 °C."),
        ({"number": 3.14, "tolerance": 0.01}, "about 3.1416"),
        ({"number": 1}, "There is one."),
    ],
)  # fmt: skip
def test_the_right_number_passes_as_the_conclusion(check, answer):
    assert said(check, answer).substance is True, said(check, answer)


@pytest.mark.parametrize(
    ("check", "answer", "reason"),
    [
        (AGE, "John is 23.", "doesn't name 26; it names 23"),
        (AGE, "He is young.", "doesn't name 26"),
        (AGE, "John is 26. John is 52.", "names 52 as well as 26"),
        (AGE, "He is 20, 23, 26 or 29.", "names 20, 23 and 29 as well as 26"),
        (AGE, "1 4 5 6 7 26", "names 1, 4, 5 and others as well as 26"),
        (AGE, "20-26", "names 20 as well as 26"),
        (AGE, "John is 13 and Sarah is 26.", "doesn't name 26; it names 13"),
        (AGE, "Some say 26, but the answer is 10.", "doesn't name 26; it names 10"),
        (AGE, "26? No, he is 52.", "doesn't name 26; it names 52"),
        (AGE, "John is not 26.", "denies 26"),
        (AGE, "It isn’t **26**.", "denies 26"),
        (AGE, "26 is wrong.", "denies 26"),
        (AGE, "26 = 2 × 14 is false.", "denies 26"),
        (AGE, "Wrong: 26", "denies 26"),
        (AGE, "Nobody says that John is 26.", "denies 26"),
        (AGE, "John is no 26-year-old.", "denies 26"),
        (AGE, "I doubt that John is 26.", "doesn't settle on 26"),
        (AGE, "John is more than 26 years old.", "doesn't settle on 26"),
        (AGE, "So John is 26. Or maybe 52.", "names 52 as well as 26"),
        (AGE, "26 is Sarah's age.", "doesn't name 26"),
        (AGE, "Sarah (26) is older.", "doesn't name 26"),
        (SQUARE, "It is 16 or 25.", "names 16 as well as 25"),
        (SQUARE, "I have no idea, 25", "says that it can't answer"),
        (AGE, "He can be neither 25 nor 26.", "denies 26"),
        (AGE, "It might be 26.", "doesn't settle on 26"),
        (AGE, "He is between 20 and 26.", "doesn't settle on 26"),
        (AGE, "I'm sorry, I can't say whether he is 26.", "says that it can't answer"),
        (AGE, "There is not enough information to know that he is 26.", "says that it can't answer"),
        (AGE, "John is 2 × 13 years old.", "doesn't name 26; it names 13"),
        (AGE, "26 thousand", "doesn't name 26; it names 26,000"),
        (AGE, "the 26th", "doesn't name 26"),
        (AGE, "26.5", "doesn't name 26; it names 26.5"),
        (AGE, "-26", "doesn't name 26; it names -26"),
        (AGE, "GPT26", "doesn't name 26"),
        (AGE, "one hundred and twenty-six", "doesn't name 26; it names 126"),
        (AGE, "9" * 500, "doesn't name 26; it names inf"),
        (SQUARE, "24, since 25 is not even", "denies 25"),
        ({"number": 3}, "There is one of them.", "doesn't name 3"),
    ],
)  # fmt: skip
def test_a_number_that_is_not_the_conclusion_does_not_pass(check, answer, reason):
    verdict = said(check, answer)
    assert (verdict.substance, verdict.reasons) == (False, (reason,))


@pytest.mark.parametrize("check", ONE_OF_EACH, ids=lambda check: next(iter(check)))
@pytest.mark.parametrize("answer", ["", " \n\u00a0"])
def test_an_empty_answer_never_passes(check, answer):
    assert said(check, answer) == Verdict(False, ("is empty",))


@pytest.mark.parametrize("check", ONE_OF_EACH, ids=lambda check: next(iter(check)))
def test_an_answer_of_a_megabyte_is_not_judged(check):
    assert said(check, "26 Paris " * 120_000) == Verdict(
        None, ("has 1,080,000 characters; more than 20,000 aren't judged",)
    )


def test_without_a_check_a_person_must_judge():
    assert judge(None, "26") == Verdict(None, ("there is no check",))


@pytest.mark.parametrize("pattern", [r"^(\w+\s?)*$", r"(a|aa)+$"])
def test_a_catastrophic_expression_ends_as_a_fault_said_as_such(pattern):
    """Four hundred of them too: one after the other they would meet the limit of pytest-timeout."""
    check = {"any": [{"all": [{"matches": pattern}, {"not_matches": pattern}] * 10}] * 20}
    verdict = said(check, "a" * 19_999 + "!")
    assert verdict.substance is None
    assert verdict.reasons == (f"can't be judged: “{pattern}” takes longer than {MAX_S:g} s",)


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        ({"contain": "x"}, "There is no such check"),
        ("x", "There is no such check"),
        ({}, "There is no such check"),
        ({"contains": ""}, "at least 1 character"),
        ({"contains": "a", "number": 2}, "Extra inputs"),
        ({"matches": "("}, "is no regular expression"),
        ({"matches": "(?:(?:(?:x{50}){50}){50}){50}"}, "its counts multiply to 6,250,000"),
        ({"matches": "x" * 501}, "at most 500"),
        ({"number": float("nan")}, "finite number"),
        ({"number": True}, "valid number"),
        ({"number": 2, "tolerance": -1}, "greater than or equal to 0"),
        ({"one_of": []}, "at least 1 item"),
        ({"json_keys": ["a"], "values": {"b": 1}}, "values names 'b', which is not in json_keys"),
        ({"max_words": 0}, "greater than or equal to 1"),
        ({"min_words": 5, "max_words": 3}, "min_words is more than max_words"),
        ({"script": "Elvish"}, "'Greek'"),
        ({"any": []}, "needs at least one check"),
        ({"all": [{"any": [{"contains": 3}]}]}, "valid string"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(check, reason):
    with pytest.raises(ValidationError, match=reason) as refused:
        CHECK.validate_python(check)
    assert refused.value.error_count() == 1


@pytest.mark.parametrize("check", ONE_OF_EACH, ids=lambda check: next(iter(check)))
def test_a_check_survives_json(check):
    made = CHECK.validate_python(check)
    assert CHECK.validate_json(CHECK.dump_json(made)) == made


@given(st.text(max_size=300), st.sampled_from(ONE_OF_EACH))
def test_any_answer_gets_a_verdict_and_the_same_twice(answer, check):
    made = CHECK.validate_python(check)
    verdict = judge(made, answer)
    assert verdict.substance in (True, False)
    assert verdict.reasons
    assert judge(made, answer) == verdict


@given(st.integers(-(10**9), 10**9))
def test_a_number_is_found_however_it_is_written(value):
    for answer in (f"{value}", f"It is {value:,}.", f"So **{value}**"):
        assert said({"number": value}, answer).substance, answer


@given(st.integers(0, 999), st.integers(0, 999))
def test_two_numbers_are_never_one_answer(right, other):
    verdict = said({"number": right}, f"It is {right} or it is {other}.")
    assert verdict.substance == (right == other)


@pytest.mark.parametrize(
    "text",
    ["a", "1 ", "1+1=", "one and ", "[", "a, ", "not 1 ", "-", "1,", ". ", "is ", "1", "**", "\n",
     "sarah is 1", "step 1 ", "answer 1 ", "```\n", "a.", "1.\n", "(1) ", "{\"a\":", ": \n",
     "def f(x):\n", "select "],
)  # fmt: skip
def test_a_long_odd_answer_is_judged_all_the_same(text):
    """A pattern that backtracks would meet the limit of pytest-timeout here."""
    answer = (text * 20_000)[:19_990] + "!"
    for check in [*ONE_OF_EACH, AGE]:
        assert said(check, answer).reasons
