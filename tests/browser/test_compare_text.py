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
    expect(tab.get_by_test_id("toast-text")).to_contain_text("Max tokens is “<img src=x")
    assert tab.title() == "GGUF Side by Side"


def test_copy_takes_the_text_to_the_letter(serve, visit):
    text = "**Bold** <b> `code`"
    tab = visit(serve(fake([text, "Two."])), permissions=["clipboard-read", "clipboard-write"])
    ask(tab, "hello")
    column(tab, 1).get_by_role("button", name="Copy").click()
    copied = "async text => await navigator.clipboard.readText() === text"
    tab.wait_for_function(copied, arg=text, polling=100)
