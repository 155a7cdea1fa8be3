"""Templates with a switch for thinking of their own, and such without one: written as the known ones are."""

import pytest

from compare.child import sandbox
from compare.child.switch import NO_EFFORT, NO_SWITCH, ONLY_EFFORTS, Choice, choose

ASKED = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>"
QWEN3 = (
    ASKED + "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"
)
DEEPSEEK = (
    "{% if not thinking is defined %}{% set thinking = false %}{% endif %}"
    + ASKED
    + "{% if thinking %}<think>{% else %}</think>{% endif %}"
)
BOTH = (
    "{% if enable_thinking is defined %}{% set thinking_option = 'on' if enable_thinking else 'off' %}"
    "{% elif thinking_option is not defined %}{% set thinking_option = 'on' %}{% endif %}"
    + ASKED
    + "{% if thinking_option == 'on' %}<think>{% endif %}"
)
BUDGET = (
    ASKED + "{% if thinking_budget is defined and thinking_budget == 0 %}</seed:think>{% endif %}"
)
MODE = ASKED + "{% if (thinking_mode | default('adaptive')) == 'disabled' %}</mm:think>{% endif %}"
GPT_OSS = (
    "{% if reasoning_effort is not defined %}{% set reasoning_effort = 'medium' %}{% endif %}"
    "Reasoning: {{ reasoning_effort }}" + ASKED
)
HUNYUAN = (
    "{% if not reasoning_effort is defined %}{% set reasoning_effort = 'no_think' %}"
    "{% elif reasoning_effort not in ['high', 'low', 'no_think'] %}{{ raise_exception('no') }}{% endif %}"
    + ASKED
    + "{{ reasoning_effort }}<think>{% if reasoning_effort == 'no_think' %}</think>{% endif %}"
)
SOLAR = (
    "{% set reasoning_effort = reasoning_effort if reasoning_effort is defined else 'high' %}"
    + ASKED
    + "{% if reasoning_effort in ['low', 'minimal'] %}<|think|><|end|>{% endif %}"
)
KIMI = (
    "{% if thinking is undefined %}{% set thinking = true %}{% endif %}"
    "{% if thinking_effort is undefined %}{% set thinking_effort = 'max' %}{% endif %}"
    "{% if thinking_effort not in ['low', 'high', 'max'] %}{{ raise_exception('no') }}{% endif %}"
    + ASKED
    + "{% if thinking %}{{ thinking_effort }}<think>{% endif %}"
)
NONE = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{% set thinking = m.reasoning_content %}"
    "{{ thinking }}{% endif %}{{ m.content }}{% endfor %}<think>\n"
)
IDLE = ASKED + "{% if enable_thinking and messages | length > 9 %}Think.{% endif %}"
GENERATION = QWEN3.replace("{{ m.content }}", "{% generation %}{{ m.content }}{% endgeneration %}")


def chosen(template: str, wanted: str) -> Choice:
    def render(variables):
        try:
            return sandbox.write(template, [{"role": "user", "content": "hi"}], **variables)
        except sandbox.TemplateFault:
            return None

    return choose(template, wanted, render)


@pytest.mark.parametrize(
    ("template", "off", "on"),
    [
        (QWEN3, {"enable_thinking": False}, {"enable_thinking": True}),
        (GENERATION, {"enable_thinking": False}, {"enable_thinking": True}),
        (DEEPSEEK, {"thinking": False}, {"thinking": True}),
        (
            BOTH,
            {"enable_thinking": False, "thinking_option": "off"},
            {"enable_thinking": True, "thinking_option": "on"},
        ),
        (BUDGET, {"thinking_budget": 0}, {"thinking_budget": -1}),
        (MODE, {"thinking_mode": "disabled"}, {"thinking_mode": "enabled"}),
        (HUNYUAN, {"reasoning_effort": "no_think"}, {"reasoning_effort": "high"}),
        (SOLAR, {"reasoning_effort": "minimal"}, {"reasoning_effort": "medium"}),
        (KIMI, {"thinking": False}, {"thinking": True}),
    ],
    ids=["qwen3", "generation", "deepseek", "both", "budget", "mode", "hunyuan", "solar", "kimi"],
)
def test_on_and_off_are_the_templates_own(template, off, on):
    assert chosen(template, "off") == Choice(off)
    assert chosen(template, "on") == Choice(on)
    assert chosen(template, "auto") == Choice({})


def test_an_effort_goes_where_the_template_has_one():
    assert chosen(GPT_OSS, "low") == Choice({"reasoning_effort": "low"})
    assert chosen(KIMI, "high") == Choice({"thinking": True, "thinking_effort": "high"})
    assert chosen(HUNYUAN, "low") == Choice({"reasoning_effort": "low"})


def test_an_effort_that_the_template_doesnt_know_is_said():
    assert chosen(QWEN3, "low") == Choice({"enable_thinking": True}, (NO_EFFORT.format("low"),))
    assert chosen(KIMI, "medium") == Choice({"thinking": True}, (NO_EFFORT.format("medium"),))
    assert chosen(HUNYUAN, "medium") == Choice(
        {"reasoning_effort": "high"}, (NO_EFFORT.format("medium"),)
    )


def test_what_always_thinks_and_knows_only_how_much():
    assert chosen(GPT_OSS, "on") == Choice({})
    assert chosen(GPT_OSS, "off") == Choice({}, (ONLY_EFFORTS,))


@pytest.mark.parametrize("wanted", ["off", "on", "low"])
@pytest.mark.parametrize("template", [ASKED, NONE, IDLE, "{% if %}", ""], ids=range(5))
def test_without_a_switch_that_does_anything_it_is_left_alone_and_said(template, wanted):
    assert chosen(template, wanted) == Choice({}, (NO_SWITCH,))
