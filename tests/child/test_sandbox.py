"""A template at work: what it may do wrong, in words, and that it ends."""

import pytest

from compare.child import sandbox
from compare.child.sandbox import Interrupted, Refusal, TemplateFault, within_limits

MESSAGES = [{"role": "user", "content": "hi"}]
GROWING = "{% for i in range(60) %}{% set ns.s = STEP %}{% endfor %}{{ ns.s }}"
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
"""It calls nothing and writes nothing."""


def never() -> None:
    return None


def written(source: str, interrupted=never) -> str:
    return within_limits(lambda: sandbox.write(source, MESSAGES), interrupted)


def growing(start: str, step: str) -> str:
    return f"{{% set ns = namespace(s={start}) %}}{GROWING.replace('STEP', step)}"


def test_what_transformers_offers_to_a_template_is_there():
    source = (
        "{% for m in messages %}\n{% if loop.first %}\n{{ m | tojson }}{% endif %}\n{% endfor %}\n"
        "{% for n in range(9) %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}"
        "{% generation %}ä{% endgeneration %}{{ ['ä'] | tojson }}{{ nothing }}"
    )
    assert written(source) == '{"role": "user", "content": "hi"}01ä["ä"]'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ 1 // 0 }}", "ZeroDivisionError: integer division or modulo by zero"),
        ("{{ nothing.x.y }}", "'nothing' is undefined"),
        ("{{ messages[0]['a'].b }}", "'dict object' has no attribute 'a'"),
        ("{{ [1][5].x }}", "list object has no element 5"),
        ("{{ 'a' + 1 }}", 'TypeError: can only concatenate str (not "int") to str'),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "it calls itself without end"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "it calls itself without end"),
        ("a\n{% if %}", "line 2: Expected an expression, got 'end of statement block'"),
        ("{{ messages.__class__.__mro__ }}", "access to attribute '__class__' of 'list' object is unsafe"),
        ("{{ ['a', 'b'] | random }}", "line 1: No filter named 'random'"),
        ("{{ '\\ud800' }}", "it writes half a character"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_whatever_it_does_wrong_is_said(source, said):
    with pytest.raises(TemplateFault) as fault:
        written(source)
    assert str(fault.value) == said


def test_what_it_says_by_itself_is_told_from_a_fault():
    with pytest.raises(Refusal, match="No system role, please"):
        written("{{ raise_exception('No\nsystem role, please.') }}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10**10 }}",
        "{{ 'x'.ljust(10**10) }}",
        "{{ 'x' | center(10**10) }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ (9 ** 99999) ** 99999 }}",
        growing("999999", "ns.s * ns.s"),
        growing("'x'", "ns.s ~ ns.s"),
    ],
)  # fmt: skip
def test_what_grows_without_end_ends(source):
    with pytest.raises(TemplateFault, match="it grows without end"):
        written(source)


def test_what_writes_without_end_ends():
    with pytest.raises(TemplateFault, match="it writes more than 1,048,"):
        written("{% for a in range(99999) %}" + "a whole line of words. " * 20 + "{% endfor %}")


def test_a_long_prompt_is_nobodys_fault():
    text = "word " * 500_000
    messages = [{"role": "user", "content": text}]
    said = within_limits(lambda: sandbox.write("{{ messages[0].content }}!", messages), never)
    assert said == f"{text}!"


def test_what_loops_without_end_ends_by_itself():
    with pytest.raises(TemplateFault, match=r"it doesn't come to an end within 0\.1 seconds"):
        within_limits(lambda: sandbox.write(ENDLESS, MESSAGES), never, work_s=0.1)
    assert written("{{ messages[0].content }}") == "hi"


def test_the_outside_ends_it():
    asked = iter((None, None, "time"))
    with pytest.raises(Interrupted, match="time"):
        written(ENDLESS, lambda: next(asked))
