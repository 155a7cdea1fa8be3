"""The score board as markup."""

from compare import numbers
from compare.gallery.board import Board
from compare.ui import drawn
from compare.ui.markup import letters
from compare.words.recorded import machine, settings


def finding(board: Board) -> str:
    """Who passed how many, and what the board is made of."""
    if not board.rows:
        return drawn.finding("Nothing is recorded yet.", " make record fills this board.")
    first, *others = board.rows
    rest = "".join(f", {row.file.name} {row.passed} of {row.made}" for row in others[:3])
    about = (
        "Only recordings of equal settings stand here: "
        f"{settings(board.params, board.params)}, unless a prompt sets its own. "
        "A check passes by what an answer says; the form is counted beside it. "
        "A row is one quantization on one machine; speeds are medians over its answers."
    )
    if board.left_out:
        about += f" {numbers.plural(board.left_out, 'answer')} with other settings left out."
    won = f"{first.file.name} passed {first.passed} of {first.made} checks"
    return drawn.finding(won, f"{rest}.", about=about)


def rows(board: Board) -> str:
    """Each row of the board with its speeds."""
    heads = (
        "Model",
        "Checks passed",
        "In the form asked for",
        "Decode",
        "Prefill",
        "First token",
        "Answers",
        "Machine",
    )
    body = "".join(
        f'<tr class="m-{row.file.model}"><th scope="row">{letters(f"{row.file.name} {row.file.quant}")}</th>'
        + "".join(f"<td>{letters(text)}</td>" for text in _figures(row))
        + "</tr>"
        for row in board.rows
    )
    return drawn.sheet(heads, body, "Score board")


def _figures(row) -> tuple[str, ...]:
    stamp = row.stamp
    formed, asked = row.in_form
    return (
        f"{row.passed} of {row.made}", f"{formed} of {asked}" if asked else "–",
        numbers.rate(row.decode_tps), numbers.rate(row.prefill_tps),
        numbers.seconds(row.ttft_s), str(row.answers), machine(stamp.cpu, stamp.cores, stamp.gpus),
    )  # fmt: skip


def column_labels(board: Board) -> list[str]:
    """What each row is called in the heat map: as short as it can be told apart."""
    shorts = [row.file.short for row in board.rows]
    names = [
        short if shorts.count(short) == 1 else f"{short} {row.file.quant}"
        for short, row in zip(shorts, board.rows, strict=True)
    ]
    return [
        name
        if names.count(name) == 1
        else f"{name}, {machine(row.stamp.cpu, row.stamp.cores, row.stamp.gpus)}"
        for name, row in zip(names, board.rows, strict=True)
    ]
