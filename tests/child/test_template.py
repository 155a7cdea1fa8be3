"""What is asked, as a model reads it: messages in a template, and their tokens."""

from contextlib import closing
from pathlib import Path

import pytest
import shapes
from children import fetched
from engines import prompted
from headers import entry, with_entries

from compare.child.conversation import CHANGED, DATED, EMPTY_SYSTEM, NO_HISTORY, NO_SYSTEM
from compare.child.llama import EngineError
from compare.child.prompt import AS_CHATML, AS_PLAIN, BY_NAME
from compare.models.catalogue import BASE_STOP, MIXTRAL_TEMPLATE, MODELS
from compare.protocol.requests import Message

TURNS = (
    Message("user", "What is red?"),
    Message("assistant", " A colour.\n"),
    Message("user", "And blue?"),
)
BRIEF = Message("system", "Be brief.")
ASKED = Message("user", "What is 6 times 7?")
PARTS = (
    "{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}"
)
ECHO = "{{ messages[-1].content }}|"


def tokens_of(path, text: str) -> list[int]:
    """A text's tokens by the bindings' own class, all at once, with nothing added."""
    from llama_cpp import Llama

    with closing(Llama(str(path), vocab_only=True, verbose=False)) as llm:
        return llm.tokenize(text.encode(), add_bos=False, special=True)


def test_a_conversation_in_a_chat_models_own_template():
    path = fetched("smollm2")
    found = prompted(path, BRIEF, *TURNS)
    assert found.text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nWhat is red?<|im_end|>\n"
        "<|im_start|>assistant\n A colour.\n<|im_end|>\n"
        "<|im_start|>user\nAnd blue?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert found.tokens == tokens_of(path, found.text)


def test_a_conversation_as_questions_and_answers():
    path = fetched("gemma3")
    found = prompted(path, BRIEF, *TURNS)
    assert found.text == ("<bos>Be brief.\n\nQ: What is red?\nA: A colour.\nQ: And blue?\nA:")
    assert found.tokens == tokens_of(path, found.text)
    assert found.tokens.count(tokens_of(path, "<bos>")[0]) == 1
    assert found.stops == ("\nQ:",)


def test_a_conversation_in_the_articles_templates(tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf")
    assert {id_: prompted(path, *TURNS, template=MODELS[id_].template).text
            for id_ in ("tinyllama", "solar", "mixtral")} == {
        "tinyllama": "<s><|user|>\nWhat is red?</s>\n<|assistant|>\n A colour.\n</s>\n"
        "<|user|>\nAnd blue?</s>\n<|assistant|>\n",
        "solar": "<s>### User:\nWhat is red?\n\n### Assistant:\n A colour.\n### User:\nAnd blue?\n\n"
        "### Assistant:\n",
        "mixtral": "<s>[INST] What is red? [/INST] A colour.\n</s>[INST] And blue? [/INST]",
    }  # fmt: skip


def test_a_conversation_is_answered(child):
    child.load(fetched("smollm2"))
    response = child.answer("What is red?", "A colour.", "And blue?", max_tokens=2)
    assert response.rendered_prompt.count("<|im_start|>user\n") == 2
    assert response.prompt_tokens == len(tokens_of(fetched("smollm2"), response.rendered_prompt))


def test_a_base_model_gets_question_and_answer(child, gemma3):
    child.load(gemma3)
    response = child.answer("Who are you?", system="Be brief.", max_tokens=40)
    assert response.rendered_prompt == "<bos>Be brief.\n\nQ: Who are you?\nA:"
    assert "\nQ:" not in response.text
    assert response.prompt_tokens > 10


def test_a_template_in_the_file_wins_and_runs_in_a_sandbox(child, tmp_path):
    own = shapes.tiny(tmp_path / "own.gguf", chat_template="<{{ messages[0]['content'] }}>")
    child.load(own)
    assert child.answer("hi", max_tokens=1).rendered_prompt.endswith("<hi>")
    evil = "{{ messages.__class__.__mro__[1].__subclasses__() }}"
    child.load(shapes.tiny(tmp_path / "evil.gguf", chat_template=evil))
    response = child.answer("hi", max_tokens=1)
    assert response.state == "failed" and "template can't be applied" in response.error


def test_a_template_that_refuses_a_system_prompt_says_so(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "m.gguf", chat_template=MIXTRAL_TEMPLATE))
    refused = child.answer("hi", system="Be brief.", max_tokens=1)
    assert refused.state == "failed"
    assert "refuses a system prompt" in refused.error and "Empty the system prompt" in refused.error
    response = child.answer("hi", max_tokens=1)
    assert response.rendered_prompt == "<s>[INST] hi [/INST]"


@pytest.mark.parametrize(
    "begins", ["", "{{ bos_token }}", "\ufeff\n {{ bos_token }}", "{{ bos_token }} {{ bos_token }}"]
)
def test_a_prompt_begins_with_one_token_for_that(tmp_path, begins):
    path = shapes.tiny(tmp_path / "t.gguf", chat_template=begins + ECHO)
    found = prompted(path, ASKED)
    assert found.text == "<s>What is 6 times 7?|"
    assert found.tokens == tokens_of(path, found.text) and found.tokens.count(1) == 1


def test_a_vocabulary_that_ends_texts_with_a_token_adds_none_to_a_prompt(tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf", chat_template=ECHO)
    ends = entry("tokenizer.ggml.add_eos_token", 7, b"\1")
    path.write_bytes(with_entries(path.read_bytes(), ends))
    found = prompted(path, ASKED)
    assert found.tokens == tokens_of(path, "<s>What is 6 times 7?|") and found.tokens[-1] != 2


@pytest.mark.parametrize("model", ["tinyllama", "solar"])
def test_the_articles_templates_render_as_published(child, tmp_path, model):
    child.load(shapes.tiny(tmp_path / "t.gguf"))
    response = child.answer("Q1", system="S", template=MODELS[model].template, max_tokens=1)
    assert (
        response.rendered_prompt
        == {
            "tinyllama": "<s><|system|>\nS</s>\n<|user|>\nQ1</s>\n<|assistant|>\n",
            "solar": "<s>### System:\nS\n\n### User:\nQ1\n\n### Assistant:\n",
        }[model]
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% for m in messages %}[{{ m.role }}] " + PARTS + "{% endfor %}", "[system] S[user] U"),
        (
            "{% for m in messages %}{% if m.role == 'user' %}" + PARTS + "{% else %}{{ m.content }}/"
            "{% endif %}{% endfor %}", "S/U",
        ),
        (
            "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}" + PARTS
            + "{% endif %}{% endfor %}", "SU",
        ),
        ("{% for m in messages %}{{ m.content[0]['text'] + '.' }}{% endfor %}", "S.U."),
        ("chatml",
         "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"),
        (" ChatML\n",
         "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"),
    ],
    ids=["all", "the user's", "either", "by index", "a name", "a name, nearly"],
)  # fmt: skip
def test_the_question_is_in_the_prompt_however_a_template_takes_it(tmp_path, source, text):
    path = shapes.tiny(tmp_path / "t.gguf", chat_template=source)
    found = prompted(path, Message("system", "S"), Message("user", "U"))
    assert found.text == f"<s>{text}"
    by_name = (BY_NAME.format(source.strip()),) if "{" not in source else ()
    assert found.notices == by_name


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Hello there.", "leaves out the prompt"),
        ("{{ bos_token }}Hello, {{ messages[0].role }}.", "leaves out the prompt"),
        ("alpaca-9", "is only a name, “alpaca-9”, which llama.cpp doesn't know"),
        ("{{ nothing.x.y }}" + ECHO, "can't be applied ('nothing' is undefined)"),
        ("{{ 1 // 0 }}" + ECHO, "can't be applied (ZeroDivisionError: integer division or modulo by zero)"),
        ("{{ raise_exception('only tools') }}", "refuses this prompt (only tools)"),
        ("{% if messages[0].role != 'system' or not messages[0].content %}{{ raise_exception('who am I?') }}"
         "{% endif %}" + ECHO, "needs a system prompt (who am I?)"),
    ],
)  # fmt: skip
def test_a_template_that_takes_no_prompt_says_why(tmp_path, source, said):
    path = shapes.tiny(tmp_path / "t.gguf", chat_template=source)
    with pytest.raises(EngineError) as error:
        prompted(path, ASKED)
    what, advice = str(error.value).split("\n")
    assert f"prompt template {said}" in what and advice.endswith(".")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (MIXTRAL_TEMPLATE, "refuses a system prompt (Conversation roles must alternate"),
        (
            "{% if messages[1:] %}{{ 1 // 0 }}{% endif %}" + ECHO,
            "can't be applied with a system prompt",
        ),
        ("{{ nothing.x.y }}" + ECHO, "can't be applied ('nothing' is undefined)"),
        ("{{ raise_exception('no') }}", "refuses this prompt (no)"),
    ],
)
def test_a_system_prompt_is_blamed_where_it_is_to_blame(tmp_path, source, said):
    path = shapes.tiny(tmp_path / "t.gguf", chat_template=source)
    with pytest.raises(EngineError) as error:
        prompted(path, BRIEF, ASKED)
    assert f"prompt template {said}" in str(error.value)


def test_a_conversation_is_blamed_where_it_is_to_blame(tmp_path):
    source = "{% if messages[1:] %}{{ raise_exception('one question') }}{% endif %}" + ECHO
    path = shapes.tiny(tmp_path / "t.gguf", chat_template=source)
    with pytest.raises(
        EngineError, match=r"refuses a conversation of several turns \(one question\)"
    ):
        prompted(path, *TURNS)


def test_a_template_that_wants_a_system_prompt_gets_an_empty_one(tmp_path):
    source = (
        "{% if messages[0].role != 'system' %}{{ raise_exception('system') }}{% endif %}" + ECHO
    )
    path = shapes.tiny(tmp_path / "t.gguf", chat_template=source)
    found = prompted(path, ASKED)
    assert (found.text, found.notices) == ("<s>What is 6 times 7?|", (EMPTY_SYSTEM,))


@pytest.mark.parametrize(
    ("source", "messages", "notice"),
    [
        (ECHO, (BRIEF, ASKED), NO_SYSTEM),
        (ECHO, TURNS, NO_HISTORY),
        ("{{ messages[-1].content | upper }}", (ASKED,), CHANGED),
        ("{{ messages[-1].content[:12] }}", (ASKED,), CHANGED),
        ("{{ messages[-1].content | trim }}", (Message("user", " 6 times 7?\n"),), None),
        ("Today is {{ strftime_now('%d %B %Y') }}. " + ECHO, (ASKED,), DATED),
        ("{% set today = strftime_now('%d %B %Y') %}" + ECHO, (ASKED,), None),
    ],
)
def test_what_a_template_does_with_what_is_asked_is_said(tmp_path, source, messages, notice):
    path = shapes.tiny(tmp_path / "t.gguf", chat_template=source)
    assert prompted(path, *messages).notices == ((notice,) if notice else ())


@pytest.mark.parametrize("blank", ["", " \n\t"])
def test_a_file_without_a_template_is_asked_in_plain_words_and_says_so(tmp_path, blank):
    path = shapes.tiny(tmp_path / "t.gguf", chat_template=blank)
    found = prompted(path, ASKED, guessed=True)
    assert found.text == "<s>Q: What is 6 times 7?\nA:"
    assert (found.stops, found.notices) == (BASE_STOP, (AS_PLAIN,))


def test_a_file_without_a_template_is_asked_in_chatml_where_its_vocabulary_has_the_marks(tmp_path):
    path = tmp_path / "without.gguf"
    chat = Path(fetched("smollm2")).read_bytes()
    path.write_bytes(chat.replace(b"tokenizer.chat_template", b"tokenizer.chat_templatx"))
    found = prompted(path, ASKED, guessed=True)
    assert found.text == ("<|im_start|>user\nWhat is 6 times 7?<|im_end|>\n<|im_start|>assistant\n")
    assert found.tokens == tokens_of(path, found.text)
    assert (found.stops, found.notices) == ((), (AS_CHATML,))


def test_the_catalogues_own_template_is_no_guess(tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf")
    found = prompted(path, ASKED, template=MODELS["solar"].template, template_stop=())
    assert (found.text[:12], found.stops, found.notices) == ("<s>### User:", (), ())


def test_a_template_without_end_is_ended_by_the_owners_limit(child, tmp_path):
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    child.load(shapes.tiny(tmp_path / "t.gguf", chat_template=endless + ECHO))
    ended = child.answer("hi", max_seconds=0.2)
    assert (ended.state, ended.finish_reason, ended.text) == ("finished", "time", "")
    failed = child.answer("hi")
    assert failed.state == "failed" and "doesn't come to an end" in failed.error
