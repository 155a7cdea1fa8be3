"""What is asked, as a model reads it: messages in a template, and their tokens."""

from contextlib import closing

import pytest
import shapes
from children import SAMPLING, fetched
from engines import log

from compare.child.answer import Rendered, render
from compare.child.llama import Model
from compare.models.catalogue import MIXTRAL_TEMPLATE, MODELS
from compare.protocol.requests import Generate, Message

TURNS = (
    Message("user", "What is red?"),
    Message("assistant", " A colour.\n"),
    Message("user", "And blue?"),
)
BRIEF = Message("system", "Be brief.")


def rendered(path, *messages: Message, **asked) -> Rendered:
    """In a model of which only the vocabulary and the template are looked at."""
    with closing(Model(str(path), log(), gpu_layers=0, weights=False)) as model:
        return render(model, Generate(run=1, messages=messages, **{**SAMPLING, **asked}))


def tokens_of(path, text: str) -> list[int]:
    """A text's tokens by the bindings' own class, all at once, with nothing added."""
    from llama_cpp import Llama

    with closing(Llama(str(path), vocab_only=True, verbose=False)) as llm:
        return llm.tokenize(text.encode(), add_bos=False, special=True)


def test_a_conversation_in_a_chat_models_own_template():
    path = fetched("smollm2")
    found = rendered(path, BRIEF, *TURNS)
    assert found.text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nWhat is red?<|im_end|>\n"
        "<|im_start|>assistant\n A colour.\n<|im_end|>\n"
        "<|im_start|>user\nAnd blue?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert found.tokens == tokens_of(path, found.text)


def test_a_conversation_as_questions_and_answers():
    path = fetched("gemma3")
    found = rendered(path, BRIEF, *TURNS)
    assert found.text == ("<bos>Be brief.\n\nQ: What is red?\nA: A colour.\nQ: And blue?\nA:")
    assert found.tokens == tokens_of(path, found.text)
    assert found.tokens.count(tokens_of(path, "<bos>")[0]) == 1
    assert found.stops == ("\nQ:",)


def test_a_conversation_in_the_articles_templates(tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf")
    assert {id_: rendered(path, *TURNS, template=MODELS[id_].template).text
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


def test_a_bos_written_by_the_template_is_not_doubled(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "a.gguf", chat_template="{{ bos_token }}x"))
    child_with = child.answer("hi", max_tokens=1)
    child.load(shapes.tiny(tmp_path / "b.gguf", chat_template="x"))
    without = child.answer("hi", max_tokens=1)
    assert child_with.prompt_tokens == without.prompt_tokens
    assert child_with.rendered_prompt == without.rendered_prompt == "<s>x"


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
