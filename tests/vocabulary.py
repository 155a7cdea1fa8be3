"""The tokens of the GGUFs that shapes.py writes, and a text in them."""

from string import ascii_letters, digits, punctuation

SPECIALS = ("<unk>", "<s>", "</s>")
UNK, BOS, EOS = range(3)
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
# A merge needs its halves in the vocabulary too: "▁the" comes from "▁t", "▁th".
WORDS = (
    "▁t",
    "▁th",
    "▁the",
    "▁a",
    "▁an",
    "▁and",
    "▁i",
    "▁in",
    "▁is",
    "▁o",
    "▁of",
    "he",
    "in",
    "er",
    "on",
    "re",
)
PIECES = ("▁", *ascii_letters, *digits, *punctuation, *WORDS)


def spell(text: str, vocabulary: list[str]) -> list[int]:
    """The ids of a text's tokens: the longest piece that fits, bytes where none does."""
    ids = {token: rank for rank, token in enumerate(vocabulary)}
    longest = max(len(piece) for piece in vocabulary)
    spelled, rest = [], text.replace(" ", "▁") if "▁" in ids else text
    while rest:
        fits = (rest[:size] for size in range(longest, 0, -1) if rest[:size] in ids)
        piece = next(fits, None)
        spelled += [ids[piece]] if piece else [ids[BYTES[byte]] for byte in rest[0].encode()]
        rest = rest[len(piece or rest[0]) :]
    return spelled
