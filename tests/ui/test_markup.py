"""Whatever a model writes is shown as text; its Markdown, code and maths still render."""

import html
import random
import re

import pytest

from compare.ui.markup import code, letters, shown


def tags(markup: str) -> set[str]:
    return set(re.findall(r"<[^>]*>", markup))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        '<div style="position:fixed;inset:0">over everything</div>',
        '<form action="https://example.org"><input></form>',
        "a < b and b > c, &lt; stays as it is written",
        "<!-- comment --> <![CDATA[x]]> <?php ?>",
    ],
)
def test_html_is_text(text):
    assert tags(shown(text)) == set()
    assert html.unescape(shown(text)) == text


def test_markdown_stays():
    text = "# Title\n\n1. **one**\n2. *two*\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert shown(text) == text


@pytest.mark.parametrize("fence", ["```", "````", "~~~"])
def test_a_fenced_block_is_shown_to_the_letter(fence):
    body = 'if a < b:\n    print("$$ `x` <b>")  # *no emphasis*'
    markup = shown(f"Before\n{fence}py\n{body}\n{fence}\nafter")
    assert html.unescape(markup.split("<pre><code>")[1].split("</code></pre>")[0]) == body
    assert tags(markup) == {"<pre>", "<code>", "</code>", "</pre>"}
    assert markup.rstrip().endswith("after")


def test_a_fence_that_is_not_closed_yet_is_code():
    assert shown("```html\n<b>") == f"\n{code('<b>')}\n"


def test_code_in_a_list_stays_in_its_item():
    assert (
        shown("- item\n  ```\n  a\n    b\n  ```\n- next")
        == f"- item\n  {code('a' + chr(10) + '  b')}\n- next"
    )


def test_indented_code():
    assert code("<b>\n    x") in shown("Text:\n\n    <b>\n        x\n\nafter")


def test_code_spans():
    assert shown("use `a<b` and ``a`b``") == "use <code>a&#60;b</code> and <code>a&#96;b</code>"
    assert "<code>" not in shown("a ` alone\n\nand ` another"), "a span ends with its paragraph"
    assert "`" not in shown("a ` alone")


@pytest.mark.parametrize(
    "text",
    [
        "![remote](https://example.org/a.png)",
        "![remote][1]\n\n[1]: https://example.org/a.png",
        "[a\n![b](https://example.org/a.png)](https://example.org)",
        "[click](javascript:alert(1))",
        "[click]( data:text/html,x)",
        "[click](/logout)",
        "[1]: javascript:alert(1)\n\n[1]",
    ],
)
def test_no_image_no_definition_no_odd_link(text):
    markup = shown(text)
    assert "![" not in markup and "]:" not in markup
    assert not re.search(r"\]\((?!https?://)", markup)


def test_links_to_the_web_stay():
    assert shown("[docs](https://example.org/a)") == "[docs](https://example.org/a)"


@pytest.mark.parametrize(
    ("text", "source", "display"),
    [
        (r"\(a < b\)", "a &lt; b", False),
        (r"\[x^2\]", "x^2", True),
        ("$$x_1$$", "x_1", True),
        ("so $a+b$ holds", "a+b", False),
    ],
)
def test_maths(text, source, display):
    signs = ("\ue002", "\ue003") if display else ("\ue000", "\ue001")
    assert source.join(signs) in shown(text)


@pytest.mark.parametrize(
    "text", ["it costs $5 and $6", "$5-$10", r"\( alone", "a $ b $ c", "US$20 or US$30"]
)
def test_money_is_not_maths(text):
    assert not set("\ue000\ue001\ue002\ue003") & set(shown(text))


def test_private_characters_cannot_be_smuggled_in():
    assert "\ue000" not in shown("\ue000x\ue001") and "\ue010" not in shown("\ue0100\ue011")


def test_gradios_own_placeholders_are_text():
    assert "%%%" not in shown("%%%LATEX_BLOCK_0%%% `%%%LATEX_BLOCK_0%%%`")


def test_one_line_of_plain_text():
    assert letters("a<b>\n${7*7} {{x}} `y`") == (
        "a&#60;b&#62; &#36;&#123;7&#42;7&#125; &#123;&#123;x&#125;&#125; &#96;y&#96;"
    )
    assert letters("2.9\u00a0s") == "2&#46;9\u00a0s"


PIECES = (
    "`", "``", "```", "````", "~~~", "\n", "\n\n", "    ", "\t", "- ", "1. ", "> ", "$", "$$",
    r"\(", r"\)", r"\[", r"\]", "\\", "<b>", "</pre>", "<img src=x>", "![", "](", "]:", "[x]",
    "%%%", "&lt;", "&", "a", " ", "mermaid",
)  # fmt: skip


def test_no_mixture_lets_anything_through():
    chance = random.Random(1)
    for _ in range(4000):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randrange(40)))
        markup = shown(text)
        assert tags(markup) <= {"<pre>", "<code>", "</code>", "</pre>"}, text
        assert not re.search(r"`|~~~|!\[|\]:|\]\(|%%%|\ue010|\ue011|&(?!#\d+;|amp;|lt;)", markup), (
            text
        )


@pytest.mark.parametrize("piece", PIECES)
def test_it_ends_whatever_comes(piece):
    for text in (f"{piece}x " * 5000, piece * 5000):
        assert tags(shown(text)) <= {"<pre>", "<code>", "</code>", "</pre>"}
