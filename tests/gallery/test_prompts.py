"""The prompts' loader: what it takes, and that each fault names its file, entry and field."""

import itertools
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.gallery.checks import Matches, NotMatches, NumberIs
from compare.gallery.judge import judge
from compare.gallery.prompts import PROMPTS, chosen, load, load_files
from compare.usage import UsageError

HEAD = 'title = "A theme"\nabout = "What it is about."\n'
ENTRY = """
[[prompt]]
id = "one"
title = "One"
prompt = "What is one and one?"
system = "Be brief."
settings = { max_tokens = 32, temperature = 0, stop = ["END"], n_ctx = 512 }
tags = ["sums"]
why = "It is short."
source = "written for this test"
claim = { text = "easy", source = { text = "a page", url = "https://example.org/page" } }
language = "en"
check = { number = 2 }
"""


def written(folder: Path, text: str, name: str = "sums.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_prompt_is_read_with_all_that_it_says(tmp_path):
    written(tmp_path, HEAD + ENTRY)
    gallery = load(tmp_path)
    assert gallery.faults == ()
    (theme,) = gallery.themes
    assert (theme.id, theme.title) == ("sums", "A theme")
    prompt = gallery.prompts["one"]
    assert prompt.theme == "sums"
    assert prompt.settings == {"max_tokens": 32, "temperature": 0, "stop": ("END",), "n_ctx": 512}
    assert prompt.source.text == "written for this test"
    assert prompt.claim.source.url == "https://example.org/page"
    assert prompt.check.number == 2


def test_an_editors_byte_order_mark_and_line_ends_do_not_matter(tmp_path):
    text = (HEAD + ENTRY).replace("What is", '""What is\n').replace("one?", 'one?""')
    written(tmp_path, "\ufeff" + text.replace("\n", "\r\n"))
    assert load(tmp_path).prompts["one"].prompt == "What is\n one and one?"


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('id = "one"', "", "sums.toml, prompt 1, id: Field required"),
        ('id = "one"', 'id = "One more"', "prompt 1 (One more), id: String should match"),
        ('title = "One"', "", "prompt 1 (one), title: Field required"),
        ('prompt = "What is one and one?"', 'prompt = "  "', "prompt 1 (one), prompt: String"),
        ('prompt = "What is one and one?"', "prompt = 2", "prompt 1 (one), prompt: Input should"),
        ("max_tokens = 32", "max_tokens = 0", "prompt 1 (one), settings.max_tokens: Input should"),
        ("max_tokens = 32", "max_tokens = '32'", "prompt 1 (one), settings.max_tokens: Input"),
        ("max_tokens = 32", "maxtokens = 32", "prompt 1 (one), settings.maxtokens: Extra inputs"),
        ("n_ctx = 512", "n_ctx = 0", "prompt 1 (one), settings.n_ctx: Input should be greater"),
        ("n_ctx = 512", "gpu_layers = 3", "prompt 1 (one), settings.gpu_layers: Extra inputs"),
        ("temperature = 0", "temperature = nan", "prompt 1 (one), settings.temperature: Input"),
        ('tags = ["sums"]', 'tags = ["two words"]', "prompt 1 (one), tags.0: String should match"),
        ('why = "It is short."', "", "prompt 1 (one), why: Field required"),
        ('source = "written for this test"', "", "prompt 1 (one), source: Field required"),
        ("https://example.org", "javascript:alert(1)//", "prompt 1 (one), claim.source.url: String"),
        ('language = "en"', 'language = "english"', "prompt 1 (one), language: String should match"),
        ("{ number = 2 }", "{ nummer = 2 }", "prompt 1 (one), check: There is no such check. Known: co"),
        ("{ number = 2 }", "{ number = '2' }", "prompt 1 (one), check.number: Input should be a valid"),
        ("{ number = 2 }", "{ matches = '(' }", "prompt 1 (one), check.matches: is no regular expression"),
        ("{ number = 2 }", "{ all = [{ any = [{ script = 'Elvish' }] }] }", "check.all.0.any.0.script:"),
        ("{ number = 2 }", "2", "prompt 1 (one), check: There is no such check"),
        ('why = "It is short."', 'why = "x"\ncolour = "red"', "prompt 1 (one), colour: Extra inputs"),
        ('why = "It is short."', 'why = "x"\ntheme = "a"', "prompt 1 (one), theme: is the file's name"),
    ],
)  # fmt: skip
def test_a_fault_names_file_entry_and_field_and_leaves_the_others_standing(
    tmp_path, was, now, said
):
    other = ENTRY.replace('"one"', '"two"')
    path = written(tmp_path, HEAD + ENTRY.replace(was, now) + other)
    written(tmp_path, HEAD + ENTRY.replace('"one"', '"three"'), "more.toml")
    assert path.read_text().count(now) >= 1
    gallery = load(tmp_path)
    assert list(gallery.prompts) == ["three", "two"]
    (fault,) = gallery.faults
    assert fault.startswith("sums.toml, prompt 1")
    assert said in fault
    assert "\n" not in fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "[[prompt", "sums.toml is no TOML: "),
        ("x = " + "[" * 9999, "sums.toml can't be read: its values are nested too deep."),
        (HEAD, "sums.toml, prompt: there is none."),
        (HEAD + ENTRY.replace("[[prompt]]", "[prompt]"), "sums.toml, prompt: must be written as [[prompt]]"),
        (HEAD + ENTRY.replace("[[prompt]]", "[[prompts]]"), "sums.toml, prompts: is no key of a theme."),
        (HEAD + "prompt = [1]\n", "sums.toml, prompt 1: must be a table"),
        (HEAD.replace("title", "name") + ENTRY, "sums.toml, title: Field required."),
        (HEAD + 'colour = "red"' + ENTRY, "sums.toml, colour: Extra inputs are not permitted"),
        ("#" * 1_000_001, "sums.toml is larger than 1,000,000 bytes."),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_and_the_other_files_stand(tmp_path, text, said):
    written(tmp_path, text)
    written(tmp_path, HEAD + ENTRY, "more.toml")
    gallery = load(tmp_path)
    assert list(gallery.prompts) == ["one"]
    assert any(fault.startswith(said) for fault in gallery.faults), gallery.faults


def test_what_is_no_text_or_no_file_is_named(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'title = "caf\xe9"')
    (tmp_path / "folder.toml").mkdir()
    said = "\n".join(load(tmp_path).faults)
    assert "latin.toml is not UTF-8 text (" in said
    assert "folder.toml can't be read: Is a directory." in said


@given(st.data())
def test_no_file_makes_the_loader_raise(data):
    text = HEAD + ENTRY
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    text = text[:start] + data.draw(st.text("[]{}\"'=,.#\n 0aé\x00\\", max_size=8)) + text[end:]
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder), text)
        gallery = load(Path(folder))
    assert gallery.prompts or gallery.faults


@pytest.mark.parametrize("depth", [50, 90, 300])
def test_a_check_in_checks_in_checks_is_read_or_refused(tmp_path, depth):
    check = "{ any = [" * depth + "{ number = 2 }" + "] }" * depth
    written(tmp_path, HEAD + ENTRY.replace("{ number = 2 }", check))
    gallery = load(tmp_path)
    for prompt in gallery.prompts.values():
        assert judge(prompt.check, "It is 2.").substance
    assert bool(gallery.prompts) != bool(gallery.faults)


def test_a_missing_folder_is_a_fault_and_no_error(tmp_path):
    gallery = load(tmp_path / "none")
    assert gallery.themes == ()
    assert "there is no such folder" in gallery.faults[0]


def test_the_later_of_two_equal_ids_is_at_fault(tmp_path):
    written(tmp_path, HEAD + ENTRY, "a.toml")
    written(
        tmp_path, HEAD + ENTRY.replace("One", "Other") + ENTRY.replace('"one"', '"b2"'), "b.toml"
    )
    gallery = load(tmp_path)
    assert gallery.prompts["one"].title == "One"
    assert gallery.faults == (
        "b.toml, prompt 1 (one), id: is taken already by a.toml, prompt 1 (one).",
    )
    assert "b2" in gallery.prompts


def test_a_theme_may_not_have_a_prompts_name(tmp_path):
    path = written(tmp_path, HEAD + ENTRY, "one.toml")
    gallery = load_files([path])
    assert gallery.themes == ()
    assert gallery.faults[0].startswith("one.toml has the name of a prompt (one.toml, prompt 1")


def test_prompts_are_chosen_by_id_or_theme_each_once(tmp_path):
    written(tmp_path, HEAD + ENTRY + ENTRY.replace('"one"', '"two"'))
    gallery = load(tmp_path)
    assert [prompt.id for prompt in chosen(gallery, ["two", "sums"])] == ["two", "one"]
    with pytest.raises(UsageError, match=r"“three”.*Themes: sums\. Prompts: one, two\."):
        chosen(gallery, ["one", "three"])


def test_the_gallery_has_no_faults():
    gallery = load(PROMPTS)
    assert gallery.faults == ()
    assert gallery.prompts


PUBLISHED = load().prompts
CHECKED = {id_: prompt for id_, prompt in PUBLISHED.items() if prompt.check}
ANSWERS, CHATS = (
    tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
    for name in ("answers.toml", "chats.toml")
)


def single(check) -> list:
    """The checks that a check is made of."""
    parts = getattr(check, "all", None) or getattr(check, "any", None)
    return [each for part in parts for each in single(part)] if parts else [check]


def numeric(check) -> bool:
    return any(isinstance(part, NumberIs) for part in single(check))


def test_every_expression_of_the_gallery_says_in_words_what_it_means():
    for id_, prompt in CHECKED.items():
        for part in single(prompt.check):
            assert not isinstance(part, Matches | NotMatches) or part.meaning, id_


def test_every_prompt_with_a_check_has_answers_that_try_it():
    assert set(ANSWERS) == set(CHECKED)
    for id_, prompt in CHECKED.items():
        answers = ANSWERS[id_]
        assert answers["right"] and answers["wrong"], id_
        assert not numeric(prompt.check) or len(answers["tricky"]) >= 2, id_


@pytest.mark.parametrize("id_", ANSWERS)
def test_the_check_of_a_prompt_tells_right_from_wrong(id_):
    tried = [(answer, True) for answer in ANSWERS[id_]["right"] + ANSWERS[id_].get("loose", [])]
    tried += [(answer, False) for answer in ANSWERS[id_]["wrong"]]
    tried += ANSWERS[id_].get("tricky", [])
    for answer, right in tried:
        verdict = judge(CHECKED[id_].check, answer)
        assert verdict.substance is right, (answer, verdict.reasons)


@pytest.mark.parametrize("answers", [ANSWERS, CHATS], ids=["answers", "chats"])
def test_form_is_a_mark_of_its_own(answers):
    """What is right may stand in another form than was asked for; a prompt that asks for none has no mark."""
    for id_, each in answers.items():
        for answer in each["right"]:
            verdict = judge(CHECKED[id_].check, answer)
            assert verdict.form is not False, (id_, answer, verdict.form_reasons)
        for answer in each.get("loose", ()):
            verdict = judge(CHECKED[id_].check, answer)
            assert (verdict.substance, verdict.form) == (True, False), (id_, answer)


def test_chats_are_judged_as_a_careful_person_does():
    """At least 98 of 100, and of the wrong ones at most 2 of 100 pass. The checks were mended by them."""
    judged = [
        (judge(CHECKED[id_].check, answer).substance, kind != "wrong", (id_, answer))
        for id_, each in CHATS.items()
        for kind, answers in each.items()
        for answer in answers
    ]
    otherwise = [which for found, right, which in judged if found is not right]
    passed = [which for found, right, which in judged if found and not right]
    assert len(otherwise) <= 0.02 * len(judged), otherwise
    assert len(passed) <= 0.02 * sum(not right for _, right, _ in judged), passed


@pytest.mark.parametrize("id_", CHECKED)
def test_a_prompt_said_back_is_no_answer(id_):
    """A base model that continues the text by repeating it must not score."""
    assert not judge(CHECKED[id_].check, CHECKED[id_].prompt).substance


def test_the_articles_prompts_are_there_as_printed():
    printed = {prompt.prompt for prompt in PUBLISHED.values() if prompt.claim}
    assert printed == {
        "Who are you?",
        "If all students who study hard get good grades, and John got good grades, "
        "can we conclude that John studied hard?",
        "How fast can a snake fly?",
        "John is twice as old as Sarah, and Sarah is three years older than Mary. "
        "If Mary is 10 years old, how old is John?",
        "What is the missing number in this pattern: 1, 4, 9, 16, __, 36?",
        "How many eggs can a monkey lay in its lifetime?",
        "How many smartphones can a human eat?",
        "Look at this series: 80, 10, 70, 15, 60, ... What number should come next?",
        "John runs faster than Ken. Magnus runs faster than John. Does Ken run faster than Magnus?",
    }
    assert all("article" in prompt.tags for prompt in PUBLISHED.values() if prompt.claim)


def test_no_two_prompts_are_nearly_the_same():
    words = {id_: set(prompt.prompt.casefold().split()) for id_, prompt in PUBLISHED.items()}
    for one, other in itertools.combinations(words, 2):
        shared = len(words[one] & words[other]) / len(words[one] | words[other])
        assert shared < 0.6, (one, other)


def test_every_prompt_and_its_answer_fit_into_the_smallest_context():
    """TinyLlama's 2,048 tokens, at three characters a token of English and one of other scripts."""
    for id_, prompt in PUBLISHED.items():
        text = prompt.prompt + (prompt.system or "")
        tokens = sum(1 / 3 if letter.isascii() else 1 for letter in text)
        assert prompt.settings["max_tokens"] <= 160, id_
        assert tokens + prompt.settings["max_tokens"] + 50 < 2048, id_
