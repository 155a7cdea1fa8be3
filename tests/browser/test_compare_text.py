"""What a model writes and a visitor types stays text on the page."""

from fake_machine import fake
from playwright.sync_api import expect
from visitor import ask, column, state

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
    expect(tab.get_by_text("Max tokens is “<img src=x")).to_be_visible()
    assert tab.title() == "GGUF Side by Side"


def test_copy_takes_the_text_to_the_letter(serve, visit):
    text = "**Bold** <b> `code`"
    tab = visit(serve(fake([text, "Two."])), permissions=["clipboard-read", "clipboard-write"])
    ask(tab, "hello")
    column(tab, 1).get_by_role("button", name="Copy").click()
    copied = "async text => await navigator.clipboard.readText() === text"
    tab.wait_for_function(copied, arg=text, polling=100)


ARABIC = """مرحبا.

- بند أول.

| تفاح. |
| --- |
| موز. |

In English.

```
x = 1.
```"""
ENDS = """element => {
  const node = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
  const letter = document.createRange();
  const left = (at) => {
    letter.setStart(node, at);
    letter.setEnd(node, at + 1);
    return letter.getBoundingClientRect().left;
  };
  return left(0) < left(node.data.trimEnd().length - 1) ? "left to right" : "right to left";
}"""
"""Where the last letter of an element's text is, seen from its first: its full stop."""


def test_each_paragraph_runs_as_its_letters_do(serve, visit):
    tab = visit(serve(fake([ARABIC, "Hello.\n\nשלום.\n\n- One."])))
    ask(tab, "مرحبا.")
    prompt = tab.get_by_label("Prompt", exact=True)
    assert prompt.evaluate("field => getComputedStyle(field).unicodeBidi") == "plaintext"
    expect(state(tab, 1)).to_contain_text("Finished in")
    expect(state(tab, 2)).to_contain_text("Finished in")
    arabic, english = (column(tab, place).locator(".md") for place in (1, 2))
    for part in ("p >> nth=0", "li", "th", "td"):
        assert arabic.locator(part).evaluate(ENDS) == "right to left", part
    for part in ("p >> nth=1", "pre code"):
        assert arabic.locator(part).evaluate(ENDS) == "left to right", part
    directions = [
        english.locator(part).evaluate(ENDS) for part in ("p >> nth=0", "p >> nth=1", "li")
    ]
    assert directions == ["left to right", "right to left", "left to right"]
    # Bullets, tables and what stands at the edge follow the whole answer.
    for text, direction in ((arabic, "rtl"), (english, "ltr")):
        assert text.locator("ul").evaluate("list => getComputedStyle(list).direction") == direction
