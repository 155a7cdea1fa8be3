"""An answer ends where the model goes on as the user."""

import pytest
import shapes
from engines import prompted, vocabulary
from gguf import TokenType

from compare.child.prompt import NEXT_TURN
from compare.models.catalogue import MODELS
from compare.protocol.requests import Message

USER = "{{ '[USER]\n' + messages[-1].content + '\n' }}|"
TURNS = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>|"


def test_words_that_begin_the_next_turn_end_an_answer(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "t.gguf", says="Ok.[USER]\nwhy?", chat_template=USER))
    response = child.answer("hi", max_tokens=40, temperature=0)
    assert (response.text, response.finish_reason) == ("Ok.", "stop")
    assert response.output_tokens == len("Ok.[USER]")
    assert response.notices == (NEXT_TURN.format("[USER]"),)


def test_what_follows_is_kept_where_that_is_asked(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "t.gguf", says="Ok.[USER]\nwhy?", chat_template=USER))
    response = child.answer("hi", max_tokens=20, temperature=0, raw=True)
    assert response.text == "Ok.[USER]\nwhy?Ok.[US" and response.finish_reason == "length"
    assert response.notices == ()


def test_what_only_looks_like_it_is_shown(child, tmp_path):
    shapes.tiny(tmp_path / "t.gguf", says="Ok.[USE R", ends=True, chat_template=USER)
    child.load(tmp_path / "t.gguf")
    response = child.answer("hi", max_tokens=40, temperature=0)
    assert (response.text, response.notices) == ("Ok.[USE R", ())


@pytest.mark.parametrize(
    ("says", "text"), [("Ok.<|user|>why?", "Ok."), ("Ok.<|assistant|>why?", "Ok.why?")]
)
def test_control_tokens_that_begin_it_end_an_answer_and_never_show(child, tmp_path, says, text):
    marks = dict.fromkeys(("<|user|>", "<|assistant|>"), TokenType.CONTROL)
    path = tmp_path / "t.gguf"
    child.load(shapes.tiny(path, says=says, ends=True, chat_template=TURNS, tokens=marks))
    response = child.answer("hi", max_tokens=40, temperature=0)
    assert (response.text, response.finish_reason) == (text, "stop")
    assert bool(response.notices) == (text == "Ok.")


def test_control_tokens_that_begin_it_do_not_show_in_thoughts(child, tmp_path):
    marks = {
        **dict.fromkeys(("<|user|>", "<|assistant|>"), TokenType.CONTROL),
        **dict.fromkeys(("<think>", "</think>"), TokenType.USER_DEFINED),
    }
    says = "<think>ab<|user|>cd</think>Ok."
    path = tmp_path / "t.gguf"
    child.load(shapes.tiny(path, says=says, ends=True, chat_template=TURNS, tokens=marks))
    response = child.answer("hi", max_tokens=40, temperature=0)
    assert (response.thinking, response.text) == ("abcd", "Ok.")


def test_a_stop_string_of_ones_own_is_no_news(child, tmp_path):
    child.load(shapes.tiny(tmp_path / "t.gguf", says="Ok.[USER]\nwhy?", chat_template=USER))
    response = child.answer("hi", max_tokens=40, temperature=0, stop=("[USER]",))
    assert (response.text, response.notices) == ("Ok.", ())


def test_the_articles_models_are_known_by_their_templates_marks(tmp_path):
    path = shapes.tiny(tmp_path / "t.gguf")
    with vocabulary(path) as model:
        assert model.piece(model.eos) is None
    for id_, mark in (("tinyllama", "<|user|>"), ("solar", "### User:"), ("mixtral", "[INST]")):
        asked = prompted(
            path, Message("user", "hi"), template=MODELS[id_].template, template_stop=()
        )
        assert mark in asked.next_turn.stops and "</s>" not in asked.next_turn.stops
    assert not prompted(path, Message("user", "hi"), raw=True).next_turn.stops


def test_a_token_that_also_begins_texts_is_a_mark(smollm2):
    asked = prompted(smollm2, Message("user", "hi")).next_turn
    (letter,) = asked.letters.values()
    assert {f"{letter}user", "<|im_start|>user"} <= asked.stops.keys()
