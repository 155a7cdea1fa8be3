"""Text of models and visitors as Markdown that is safe to show with gr.Markdown.

Markdown, code and maths render; HTML shows as the text it is. Nothing depends on reading Markdown
exactly as the browser does: every `<` and `&` becomes an entity wherever it stands, code is handed on
as HTML of our own in which every character that could mean something is an entity, and no image, link
definition, fence or code span is left over for the browser's parser to find.
"""

import re
from collections.abc import Callable

MATHS = [
    {"left": "\ue000", "right": "\ue001", "display": False},
    {"left": "\ue002", "right": "\ue003", "display": True},
]
"""For `latex_delimiters`. Gradio replaces maths before it looks for code, so its signs must be ones no
text can hold: private characters, taken out of the text first."""

Keep = Callable[[str], str]

_UNSHOWABLE = re.compile("[\ue000-\ue01f\x00-\x08\x0b\x0c\x0e-\x1f]")
_KEPT = "\ue010{}\ue011"
_KEPT_SIGN = re.compile("\ue010(\\d+)\ue011")
_MARKER = r"(?:[-*+]|\d{1,9}[.)])"
_FENCE = re.compile(rf"^([ \t>]*(?:{_MARKER}[ \t]+)*)(`{{3,}}(?=[^`]*$)|~{{3,}})")
_CLOSE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*$")
_ITEM = re.compile(rf"^[ \t>]*{_MARKER}(?:[ \t]|$)")
_INDENT = re.compile(r" {4}|\t| {1,3}\t")
_TASK = re.compile(rf"^([ \t>]*{_MARKER}[ \t]+)\[([ xX])\]", re.MULTILINE)
_DOLLARS = re.compile(r"(?<![\\$\w])\$(?=[^\s$])([^\n$]*[^\s$\\])\$(?![\d$])")
_INERT = {
    "&": "&amp;", "<": "&lt;", "`": "&#96;", "~~~": "&#126;" * 3, "![": "!&#91;", "]:": "]&#58;",
    "%%%": "&#37;" * 3,  # Gradio's own signs for maths
}  # fmt: skip
_ODD_LINK = re.compile(r"\]\((?!\s*(?:https?://|mailto:))", re.IGNORECASE)


def shown(text: str) -> str:
    """Markdown for gr.Markdown(latex_delimiters=MATHS) that shows `text`, whoever wrote it."""
    kept: list[str] = []

    def keep(markup: str) -> str:
        kept.append(markup)
        return _KEPT.format(len(kept) - 1)

    text = _UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _without_blocks(text.split("\n"), keep)
    text = "".join(_without_spans(part, keep) for part in re.split(r"(\n[ \t]*\n)", text))
    inline, display = MATHS
    for left, right, signs in (
        (r"\[", r"\]", display),
        ("$$", "$$", display),
        (r"\(", r"\)", inline),
    ):
        text = _without_maths(text, left, right, lambda source, s=signs: keep(_maths(source, s)))
    text = _DOLLARS.sub(lambda m: keep(_maths(m[1], inline)), text)
    text = _plain(text)
    # Maths may hold the sign of code that was kept before it.
    while _KEPT_SIGN.search(text):
        text = _KEPT_SIGN.sub(lambda m: kept[int(m[1])], text)
    return text


def code(text: str) -> str:
    """A block of code that shows `text` to the letter."""
    return f"<pre><code>{_entities(text)}</code></pre>"


def letters(text: str) -> str:
    """One line of plain text, to the letter, with no meaning to HTML, Markdown or a template."""
    return _entities(re.sub(r"[\t\r\n]+", " ", text))


def _without_blocks(lines: list[str], keep: Keep) -> str:
    """The text with its fenced and its indented code set aside."""
    found: list[str] = []
    in_list, i = False, 0
    while i < len(lines):
        line = lines[i]
        before_blank = not found or not found[-1].strip()
        if opening := _FENCE.match(line):
            body, i = _fenced(lines, i + 1, opening)
            nested = in_list or opening[1].strip()
            block = keep(code("\n".join(body)))
            found += [opening[1] + block] if nested else ["", block, ""]
        elif _INDENT.match(line) and line.strip() and before_blank and not in_list:
            body, i = _indented(lines, i)
            found += [keep(code("\n".join(body))), ""]
        else:
            found.append(line)
            i += 1
        if line.strip():
            in_list = bool(_ITEM.match(line)) or (in_list and line[0] in " \t")
    return "\n".join(found)


def _fenced(lines: list[str], i: int, opening: re.Match) -> tuple[list[str], int]:
    """The code up to the closing fence, or to the end of a text that still grows; and where to go on."""
    body: list[str] = []
    while i < len(lines):
        closing = _CLOSE.match(lines[i])
        if closing and closing[1].startswith(opening[2]):
            return body, i + 1
        body.append(_less_indented(lines[i], len(opening[1])))
        i += 1
    return body, i


def _indented(lines: list[str], i: int) -> tuple[list[str], int]:
    body: list[str] = []
    while i < len(lines) and (indent := _INDENT.match(lines[i])):
        body.append(lines[i][indent.end() :])
        i += 1
    return body, i


def _less_indented(line: str, margin: int) -> str:
    start = 0
    while start < min(len(line), margin) and line[start] in " \t>":
        start += 1
    return line[start:]


def _without_spans(paragraph: str, keep: Keep) -> str:
    """The paragraph with its code spans set aside: what stands between two runs of as many backticks."""
    runs = [m.span() for m in re.finditer("`+", paragraph)]
    found, at = "", 0
    places: dict[int, list[int]] = {}
    for n in range(len(runs) - 1, -1, -1):
        places.setdefault(runs[n][1] - runs[n][0], []).append(n)
    n = 0
    while n < len(runs):
        start, end = runs[n]
        same = places[end - start]
        while same and same[-1] <= n:
            same.pop()
        if not same or paragraph[start - 1 : start] == "\\":
            n += 1
            continue
        close_start, close_end = runs[same[-1]]
        span = paragraph[end:close_start].replace("\n", " ")
        found += paragraph[at:start] + keep(f"<code>{_entities(_trimmed(span))}</code>")
        at, n = close_end, same[-1] + 1
    return found + paragraph[at:]


def _trimmed(span: str) -> str:
    return span[1:-1] if span.strip() and span[0] == span[-1] == " " else span


def _without_maths(text: str, left: str, right: str, keep: Keep) -> str:
    """The text with what stands between `left` and `right`, within a paragraph, set aside."""
    found, at = "", 0
    while (start := text.find(left, at)) >= 0:
        end = text.find(right, start + len(left))
        if end < 0:
            break
        source = text[start + len(left) : end]
        if source.strip() and "\n\n" not in source:
            found += text[at:start] + keep(source)
            at = end + len(right)
        else:
            found += text[at : start + len(left)]
            at = start + len(left)
    return found + text[at:]


def _maths(source: str, signs: dict) -> str:
    return f"{signs['left']}{_inert(source)}{signs['right']}"


def _plain(text: str) -> str:
    """Markdown without code and maths, inert; its task boxes as text."""
    text = _inert(re.sub(r"(?<!\\)\\(?=[<&`])", "", text))
    return _TASK.sub(r"\1&#91;\2&#93;", text)


def _inert(text: str) -> str:
    """HTML, images, link definitions, fences and links to anywhere but the web as text."""
    for sign, entities in _INERT.items():
        text = text.replace(sign, entities)
    return _ODD_LINK.sub("]&#40;", text)


def _entities(text: str) -> str:
    """Every sign that is neither letter, digit nor space as an entity; so code stays on one line."""
    return re.sub(r"[\x00-\x1f!-/:-@\[-`{-~]", lambda m: f"&#{ord(m[0])};", text)
