"""The Compare tab in a real browser: what a visitor does, and what they see."""

import re

import pytest
import shapes
from fake_machine import FakeMachine, answering
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import expect
from visitor import ask, choose, column, state

from compare.asked.owner import Owner
from compare.models.spec import resolve
from compare.protocol.events import Failed, Loading, Queued
from compare.run.machine import Machine

HOSTILE = """Look: <script>document.title = "taken"</script>
<img src="http://127.0.0.1:9/a.png" onerror="document.title='taken'">

<div style="position:fixed;inset:0;background:red">over everything</div>

<form action="http://127.0.0.1:9/"><input name="secret"><button>Send</button></form>

![remote](http://127.0.0.1:9/b.png) ![too][1] [click](javascript:document.title='taken')

[1]: http://127.0.0.1:9/c.png

```mermaid
graph TD; A["<img src='http://127.0.0.1:9/d.png'>"]
```

Still **bold**, `a < b`, and \\(x < y\\)."""
STORY = "Write a long story about a lighthouse keeper and the sea."


def fake(texts: list[str] | None = None, **settings) -> FakeMachine:
    """A machine whose columns answer with these texts."""

    def scripts(comparison):
        told = texts or ["One.", "Two.", "Three.", "Four."]
        return {
            file.key: answering(text) for file, text in zip(comparison.models, told, strict=False)
        }

    return FakeMachine(scripts, **settings)


def endless() -> FakeMachine:
    return FakeMachine(
        lambda ask: {f.key: answering("word " * 999, tokens_s=0.1) for f in ask.models}
    )


def test_a_prompt_gets_two_answers(small_pair):
    tab = small_pair
    ask(tab, STORY, Max_tokens="150", Temperature="0")
    for place in (1, 2):
        expect(state(tab, place)).to_contain_text("Finished in", timeout=90_000)
        expect(column(tab, place).locator(".speed b")).to_have_text(re.compile(r"^\d+(\.\d)?$"))
        expect(column(tab, place).locator(".speed")).to_contain_text(re.compile(r"shared .*thread"))
        expect(column(tab, place).locator("dl", has_text="Memory")).to_contain_text("MB RAM")
    answer = tab.get_by_role("region", name="Answer of SmolLM2 135M Instruct")
    assert len(answer.inner_text()) > 5
    expect(column(tab, 2).get_by_role("region")).to_contain_text("A base model: it continues text")
    expect(tab.locator("#summary")).to_contain_text(
        "Speeds were shared; run in turn for fair ones."
    )
    expect(tab.locator("#live")).to_contain_text("Speeds were shared")

    tab.get_by_role("button", name="All measures").click()
    rows = tab.get_by_role("row")
    expect(rows.filter(has_text="Prompt tokens")).to_contain_text(re.compile(r"\d+"))
    expect(rows.filter(has_text="Finish reason")).to_contain_text(re.compile("stop|length"))
    for account in ("Predicted, in parts", "Allocated, in parts"):
        for cell in rows.filter(has_text=account).get_by_role("cell").all():
            expect(cell).to_contain_text(re.compile(r"weights .*KV cache .*compute "))
            assert cell.locator(".stack i").count() >= 3
    expect(rows.filter(has_text="VRAM instead")).to_contain_text("about")
    expect(tab.locator("#table .note")).to_contain_text("reserved, not yet touched")
    seed = rows.filter(has_text="Seed").get_by_role("cell").first.inner_text()
    tab.get_by_role("button", name=f"Use seed {seed} again").click()
    expect(tab.get_by_label("Seed")).to_have_value(seed)
    expect(tab.get_by_role("button", name="Run", exact=True)).to_be_visible()


@pytest.fixture
def serve_own(serve):
    """Serves files of this machine, by their paths; returns the page's address."""
    machines = []

    def start(*paths: str) -> str:
        machines.append(Machine(own=resolve(list(paths))))
        return serve(machines[-1])

    yield start
    for machine in machines:
        machine.close()


def test_stop_ends_all_columns(serve_own, visit, endless):
    tab = visit(serve_own(endless("first.gguf"), endless("second.gguf")))
    choose(tab, 1, "first")
    choose(tab, 2, "second")
    ask(tab, STORY, Max_tokens="2000")
    answer = column(tab, 1).get_by_role("region")
    expect(state(tab, 1)).to_contain_text("Writing", timeout=60_000)  # its card is gone
    expect(answer).to_have_text(re.compile(".{40}", re.DOTALL), timeout=60_000)
    tab.get_by_role("button", name="Stop", exact=True).click()
    for place in (1, 2):
        expect(state(tab, place)).to_contain_text("Stopped")
    expect(state(tab, 1)).to_contain_text("Stopped after")
    expect(column(tab, 1).locator(".speed b")).to_have_text(re.compile(r"^\d"))
    expect(tab.get_by_role("button", name="Run", exact=True)).to_be_visible()
    expect(answer).to_have_text(re.compile(".{40}", re.DOTALL))  # what was written stays


def test_stop_ends_one_column_while_the_other_finishes(serve, visit):
    """Scripts, since no real answer is sure to be short beside one that is long."""

    def scripts(comparison):
        texts = ("word " * 80, "word " * 9999)
        return {f.key: answering(t) for f, t in zip(comparison.models, texts, strict=True)}

    tab = visit(serve(FakeMachine(scripts)))
    ask(tab, "hello")
    expect(state(tab, 2)).to_contain_text("Writing")
    tab.get_by_role("button", name="Stop: SOLAR 10.7B Instruct").click()
    expect(state(tab, 2)).to_contain_text("Stopped after")
    expect(state(tab, 1)).to_contain_text("Finished in")


def test_a_failed_column_beside_a_finished_one(serve_own, visit, tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF and then nothing that makes sense")
    tab = visit(serve_own(str(path)))
    choose(tab, 1, "SmolLM2 135M Instruct")
    choose(tab, 2, "broken")
    ask(tab, "What is the capital of France?", Max_tokens="20")
    expect(state(tab, 2)).to_contain_text("Failed to start")
    failed = column(tab, 2).get_by_role("region")
    assert failed.locator("strong").inner_text(), "what happened, in bold"
    expect(state(tab, 1)).to_contain_text("Finished in", timeout=60_000)
    expect(tab.locator("#summary")).to_contain_text(
        "failed, so there is nothing to compare it with."
    )
    expect(column(tab, 2).get_by_role("button", name="Run again")).to_be_visible()


def test_what_can_not_fit_is_refused_beside_an_answer(serve_own, visit, tmp_path):
    """Real files, one of which asks for a cache that no machine has the memory for."""
    shapes.tiny(tmp_path / "wide.gguf", n_ctx_train=4_000_000, blocks=64, width=512)
    tab = visit(serve_own(str(tmp_path / "wide.gguf")))
    choose(tab, 1, "SmolLM2 135M Instruct")
    choose(tab, 2, "wide")
    ask(tab, "hello", Max_tokens="4", Context_length="4000000")
    expect(state(tab, 2)).to_contain_text("Failed to start", timeout=60_000)
    refused = column(tab, 2).get_by_role("region")
    expect(refused.locator("strong")).to_have_text("There is not enough memory to load this model.")
    expect(refused).to_contain_text("short, a reserve included")
    expect(refused).to_contain_text("This would fit: a context of")
    expect(state(tab, 1)).to_contain_text("Finished", timeout=60_000)


def test_a_models_html_is_text(serve, visit):
    tab = visit(serve(fake([HOSTILE, HOSTILE])))
    asked_for = []
    tab.on("request", lambda request: asked_for.append(request.url))
    ask(tab, "hello")
    expect(state(tab, 1)).to_contain_text("Finished in")
    answer = column(tab, 1).get_by_role("region")
    for text in (
        '<script>document.title = "taken"</script>',
        "<img src=",
        "position:fixed",
        "<form action=",
    ):
        expect(answer).to_contain_text(text)
    assert (
        answer.locator("script, img, form, input, button, iframe, svg, [onerror], .md div").count()
        == 0
    )
    assert answer.locator("a[href^=javascript]").count() == 0
    assert tab.title() == "GGUF Side by Side"
    assert not [url for url in asked_for if "127.0.0.1:9/" in url]
    expect(answer.locator("strong")).to_have_text("bold")
    expect(answer.locator("p code")).to_have_text("a < b")
    expect(answer.locator(".katex")).to_be_visible()


def test_what_a_visitor_types_is_text(serve, visit):
    tab = visit(serve(fake()))
    ask(tab, "hello", Max_tokens="<img src=x onerror=\"document.title='taken'\">")
    expect(tab.get_by_test_id("toast-text")).to_contain_text("Max tokens is “<img src=x")
    assert tab.title() == "GGUF Side by Side"


def test_enter_sends_and_shift_enter_breaks_the_line(serve, visit):
    tab = visit(serve(fake()))
    prompt = tab.get_by_label("Prompt", exact=True)
    prompt.fill("first")
    prompt.press("Shift+Enter")
    prompt.press_sequentially("second")
    expect(prompt).to_have_value("first\nsecond")
    prompt.evaluate(
        "e => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    tab.wait_for_timeout(300)
    expect(state(tab, 1)).to_have_text("On this machine, ready")
    prompt.press("Enter")
    expect(state(tab, 1)).to_contain_text("Finished in")
    expect(prompt).to_have_value("first\nsecond")


def test_the_speed_of_this_moment_is_shown_until_escape_stops(serve, visit):
    tab = visit(serve(endless()))
    ask(tab, "hello")
    expect(state(tab, 1)).to_contain_text("Writing")
    now = column(tab, 1).locator(".speed .now")
    expect(now).to_have_text(re.compile(r"^now\s\d"))
    tab.keyboard.press("Escape")
    expect(state(tab, 1)).to_contain_text("Stopped after")
    expect(now).to_be_empty()


def test_the_focus_follows_run_to_stop_and_back(serve, visit):
    tab = visit(serve(endless()))
    tab.get_by_label("Prompt", exact=True).fill("hello")
    tab.get_by_role("button", name="Run", exact=True).focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#stop")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("#run")).to_be_focused()


def test_a_phone_swipes_and_pages(serve, visit):
    tab = visit(
        serve(fake(["One. " * 80, "Two. " * 80])),
        width=390,
        height=844,
        has_touch=True,
        is_mobile=True,
    )
    ask(tab, "hello")
    expect(state(tab, 2)).to_contain_text("Finished in")
    assert tab.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]") == [
        390,
        390,
    ]
    first, second = column(tab, 1).bounding_box(), column(tab, 2).bounding_box()
    assert first["x"] == 16 and first["x"] + first["width"] <= 360 and second["x"] < 380
    page = tab.locator("#pager").get_by_role("button", name="SOLAR")
    expect(page).to_contain_text("tok/s")
    page.tap()
    expect(column(tab, 2)).to_be_in_viewport(ratio=0.3)
    expect(tab.locator("body")).to_have_attribute("data-col", "1")


def test_menus_of_a_column_that_was_swiped_to_open_below_it(serve, visit):
    tab = visit(serve(fake()), width=390, height=844, has_touch=True, is_mobile=True)
    for place, page in enumerate(("TinyLlama", "SOLAR"), start=1):
        tab.locator("#pager").get_by_role("button", name=page).tap()
        expect(column(tab, place)).to_be_in_viewport(ratio=0.9)
        for menu in ("Model", "Quantization"):
            field = tab.get_by_role("combobox", name=f"{menu} {place}")
            field.tap()
            shown, opened = field.bounding_box(), tab.get_by_role("listbox")
            expect(opened).to_be_visible()
            box = opened.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390
            assert box["x"] < shown["x"] + shown["width"] and box["y"] > shown["y"]
            last = opened.get_by_role("option").last
            last.scroll_into_view_if_needed()
            expect(last).to_be_in_viewport(ratio=1)
            tab.keyboard.press("Escape")
            expect(opened).to_have_count(0)


def test_a_small_screen_shows_what_was_asked_for(serve, visit):
    """Taps by their place on the screen: a locator's would scroll there first."""
    tab = visit(serve(endless()), width=320, height=560, has_touch=True, is_mobile=True)
    tab.locator(".overflow-menu > button").first.tap()
    entry = tab.locator(".overflow-dropdown").get_by_role("button", name="Speed")
    expect(entry).to_be_in_viewport(ratio=1)
    box = entry.bounding_box()
    tab.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tab.locator("#speed-run")).to_be_visible()
    tab.get_by_role("tab", name="Compare").tap()

    tab.get_by_role("button", name="Add a model").tap()
    expect(column(tab, 3).locator(".head")).to_be_in_viewport(ratio=0.9)
    tab.locator("#pager").get_by_role("button", name="TinyLlama").tap()
    expect(column(tab, 1).locator(".head")).to_be_in_viewport(ratio=0.9)
    tab.get_by_label("Prompt", exact=True).fill("hello")
    tab.locator("#run").tap()
    expect(column(tab, 1).get_by_role("region")).to_be_in_viewport(ratio=0.9)


def test_a_phone_shows_digits_where_a_whole_number_is_asked_for(serve, visit):
    tab = visit(serve(fake()), width=390, height=844, has_touch=True, is_mobile=True)
    tab.get_by_role("button", name="Settings").tap()
    for label, keys in (("Max tokens", "numeric"), ("Seed", "numeric"), ("Temperature", "")):
        field = tab.get_by_label(label)
        field.tap()
        expect(field).to_have_js_property("inputMode", keys)
    tab.goto(tab.url.partition("?")[0] + "?tab=speed")
    field = tab.get_by_label("Repetitions", exact=True)
    field.tap()
    expect(field).to_have_js_property("inputMode", "numeric")


def test_light_and_dark_are_kept(serve, visit):
    tab = visit(serve(fake()), color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert tab.evaluate(ground) == "rgb(250, 250, 250)"
    tab.get_by_role("button", name="Light or dark").click()
    expect(tab.locator("body")).to_have_class(re.compile("dark"))
    tab.reload()
    expect(tab.locator(".col .strip").first).to_be_visible()
    expect(tab.locator("body")).to_have_class(re.compile("dark"))
    assert tab.evaluate(ground) == "rgb(11, 12, 14)"


def test_columns_come_and_go(serve, visit):
    tab = visit(serve(fake(["One.", "Two.", "Three.", "word " * 200])))
    add = tab.get_by_role("button", name="Add a model")
    add.click()
    expect(tab.locator(".col")).to_have_count(3)
    expect(tab.get_by_role("combobox", name="Model 3")).to_have_value("Mixtral 8x7B Instruct")
    add.click()
    expect(tab.locator(".col")).to_have_count(4)
    expect(add).to_be_hidden()
    ask(tab, "hello")
    expect(tab.get_by_role("button", name="Remove: Mixtral")).to_be_hidden()
    expect(state(tab, 4)).to_contain_text("Finished in")
    tab.get_by_role("button", name="Remove: Mixtral").click()
    expect(tab.locator(".col")).to_have_count(3)
    expect(tab.get_by_role("combobox", name="Model 3")).to_be_hidden()
    expect(tab.locator("#summary")).not_to_contain_text("Mixtral")
    expect(add).to_be_visible()


def test_another_model_empties_its_column_only(serve, visit):
    tab = visit(serve(fake()))
    ask(tab, "hello")
    expect(state(tab, 2)).to_contain_text("Finished in")
    tab.get_by_role("combobox", name="Model 1").click()
    tab.get_by_label("Prompt", exact=True).click()
    expect(state(tab, 1)).to_contain_text("Finished in")
    choose(tab, 1, "Mixtral 8x7B Instruct")
    expect(tab.get_by_role("combobox", name="Quantization 1")).to_have_value("Q2_K")
    expect(state(tab, 1)).to_have_text("On this machine, ready")
    expect(column(tab, 1)).to_contain_text("46.7 B, 12.9 B active")
    expect(state(tab, 2)).to_contain_text("Finished in")


def test_the_menu_says_what_is_here(serve, visit):
    tab = visit(serve(fake()))
    tab.get_by_role("combobox", name="Quantization 1").click()
    expect(tab.get_by_role("option", name="Q4_K_M, 669 MB, here")).to_be_visible()


def test_a_missing_file_is_never_fetched_silently(serve, visit):
    tab = visit(serve(fake(cached=False)))
    expect(state(tab, 2)).to_have_text("To download: 4.55 GB")
    expect(tab.get_by_role("button", name="Download 5.72 GB and run")).to_be_visible()
    tab.get_by_label("Prompt", exact=True).fill("hello")
    tab.get_by_role("button", name="Try the small pair now").click()
    expect(state(tab, 2)).to_contain_text("Finished in")
    expect(tab.get_by_role("combobox", name="Model 1")).to_have_value("SmolLM2 135M Instruct")
    expect(tab.get_by_role("combobox", name="Model 2")).to_have_value("Gemma 3 270M")
    expect(tab.get_by_role("button", name="Run", exact=True)).to_be_visible()
    expect(tab.get_by_role("button", name="Try the small pair now")).to_be_hidden()


def test_the_page_says_why_it_opens_with_the_small_pair_and_how_long_a_run_takes(serve, visit):
    machine = fake(start=("smollm2", "gemma3"), reason="The Hub can't be reached.", expected_s=14.2)
    tab = visit(serve(machine))
    expect(tab.locator("#said")).to_have_text("The Hub can't be reached.")
    expect(tab.locator("#cost")).to_have_text("Up to 15 s")
    expect(tab.get_by_role("combobox", name="Model 1")).to_have_value("SmolLM2 135M Instruct")


def test_a_capped_setting_is_said(serve, visit):
    tab = visit(serve(fake(owner=Owner(max_tokens=16))))
    ask(tab, "hello")
    expect(tab.locator("#said")).to_contain_text(
        "Max tokens was lowered from 256 to 16, this host's limit."
    )


def test_the_memory_shown_before_a_run_follows_the_context_length(small_pair):
    tab = small_pair
    memory = column(tab, 1).locator("dl div", has_text="Memory").locator("dd")
    expect(memory).to_contain_text("MB")
    usual = memory.inner_text()
    tab.get_by_role("button", name="Settings").click()
    context = tab.get_by_label("Context length")
    context.fill("8192")
    context.blur()
    expect(memory).not_to_have_text(usual)
    expect(memory).to_contain_text("about")


def test_a_wrong_number_loses_nothing(serve, visit):
    tab = visit(serve(fake()))
    ask(tab, "hello", Temperature="warm")
    expect(tab.get_by_test_id("toast-text")).to_contain_text("Temperature is “warm”")
    expect(tab.get_by_label("Temperature")).to_have_value("warm")
    expect(tab.get_by_label("Prompt", exact=True)).to_have_value("hello")
    expect(state(tab, 1)).to_have_text("On this machine, ready")
    tab.get_by_label("Temperature").fill("0.5")
    tab.get_by_role("button", name="Run", exact=True).click()
    expect(state(tab, 1)).to_contain_text("Finished in")


def test_run_again_leaves_the_other_answers(serve, visit):
    attempts = []

    def scripts(comparison):
        keys = [file.key for file in comparison.models]
        attempts.append(keys)
        first_time = {
            keys[-1]: [
                (0.0, Loading, {"file_bytes": 1}),
                (0.1, Failed, {"message": "No room.\nTry again."}),
            ]
        }
        return {key: answering(f"From {key}.") for key in keys} | (
            first_time if len(attempts) == 1 else {}
        )

    tab = visit(serve(FakeMachine(scripts)))
    ask(tab, "hello")
    expect(state(tab, 2)).to_contain_text("Failed while loading")
    expect(tab.get_by_role("button", name="Run", exact=True)).to_be_visible()
    column(tab, 2).get_by_role("button", name="Run again").click()
    expect(state(tab, 2)).to_contain_text("Finished in")
    expect(column(tab, 2)).to_contain_text("From solar:Q2_K.")
    expect(column(tab, 1)).to_contain_text("From tinyllama:Q8_0.")
    assert attempts == [["tinyllama:Q8_0", "solar:Q2_K"], ["solar:Q2_K"]]


def test_copy_takes_the_text_to_the_letter(serve, visit):
    text = "**Bold** <b> `code`"
    tab = visit(serve(fake([text, "Two."])), permissions=["clipboard-read", "clipboard-write"])
    ask(tab, "hello")
    column(tab, 1).get_by_role("button", name="Copy").click()
    copied = "async text => await navigator.clipboard.readText() === text"
    tab.wait_for_function(copied, arg=text, polling=100)


def test_a_place_in_line(serve, visit):
    waiting = [(0.0, Queued, {"place": 2})]
    tab = visit(serve(FakeMachine(lambda ask: {file.key: waiting for file in ask.models})))
    ask(tab, "hello")
    expect(state(tab, 1)).to_have_text("In line, 2 runs before yours")
    tab.get_by_role("button", name="Stop", exact=True).click()
    expect(state(tab, 1)).to_have_text("Stopped before the first token")


def test_two_visitors_do_not_disturb_each_other(serve_own, visit, endless):
    address = serve_own(endless())
    first, second = visit(address), visit(address)
    for tab, model in ((first, "endless"), (second, "SmolLM2 135M Instruct")):
        choose(tab, 1, model)
        choose(tab, 2, "Gemma 3 270M")
    ask(first, STORY, Max_tokens="2000")
    expect(state(first, 1)).to_contain_text("Writing", timeout=60_000)
    ask(second, "What is the capital of France?", Max_tokens="10")
    expect(state(second, 1)).to_have_text("In line, 1 run before yours")
    expect(state(first, 1)).to_contain_text("Writing")
    first.close()
    expect(state(second, 1)).to_contain_text("Finished in", timeout=60_000)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"max_tokens": "many"}, "Max tokens is “many”"),
        ({"max_tokens": -1}, "Max tokens is “-1”"),
        ({"temperature": "NaN"}, "Temperature is “NaN”"),
        ({"prompt": ""}, "The prompt is empty"),
        ({"model_1": "gpt-9"}, "tinyllama"),
        ({"model_1": "/etc/passwd"}, "There is no model “/etc/passwd” here"),
        ({"model_1": ["solar"]}, "There is no model"),
        ({"quant_1": "Q9_9"}, "Q8_0"),
    ],
)
def test_the_api_says_what_is_wrong(serve, asked, said):
    client = Client(serve(fake()), verbose=False)
    values = {"prompt": "hello", "model_3": None, "model_4": None}
    values |= {f"quant_{place}": None for place in range(1, 5)}
    with pytest.raises(AppError, match=said):
        client.predict(**{**values, **asked}, api_name="/run")


def test_the_api_runs(serve):
    client = Client(serve(fake(["An answer.", "Another."])), verbose=False)
    values = {"prompt": "hello", "model_3": None, "model_4": None}
    values |= {f"quant_{place}": None for place in range(1, 5)}
    job = client.submit(**values, api_name="/run")
    job.result(timeout=30)
    assert "An answer." in str(job.outputs()) and "Another." in str(job.outputs())
