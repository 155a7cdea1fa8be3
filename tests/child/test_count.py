"""A prompt's tokens, counted by a file's vocabulary alone."""

from children import SAMPLING

from compare.protocol.events import Failed, Started, Tokenized
from compare.protocol.requests import Count, Message

QUESTION = "Why is the sky blue? <|im_end|>"


def counted(child, path: str, text: str, **more) -> Tokenized | Failed:
    asked = {**SAMPLING, "run": 9, "path": path, "n_ctx": 512, **more}
    child.say(Count(messages=(Message("user", text),), **asked))
    return child.until(Tokenized, Failed)[-1]


def test_it_counts_what_an_answer_would_have_to_read(child, smollm2):
    told = counted(child, smollm2, QUESTION)
    child.load(smollm2)
    child.ask(QUESTION, max_tokens=1)
    assert told.prompt_tokens == child.until(Started)[-1].prompt_tokens > 20
    assert told.lowered_to is None and told.unswitched == ()
    tight = counted(child, smollm2, QUESTION, max_tokens=512)
    assert tight.lowered_to == 512 - told.prompt_tokens


def test_a_prompt_without_room_is_refused_as_its_answer_would_be(child, smollm2):
    told = counted(child, smollm2, "word " * 600)
    child.load(smollm2)
    failure = child.answer("word " * 600).error
    assert told.message == failure and "raise the context length to" in failure


def test_a_switch_that_the_template_lacks_is_said(child, smollm2):
    assert "no switch for thinking" in counted(child, smollm2, "Why?", thinking="off").unswitched[0]


def test_five_vocabularies_can_be_asked_of_one_child(child, tiny):
    paths = [tiny(f"{n}.gguf") for n in range(5)]
    assert len({counted(child, path, "a b").prompt_tokens for path in paths + paths[:1]}) == 1
