"""Files that were cut into pieces by bytes, for a host that takes none so large: known by their names.

Not the parts of gguf-split, each of which is a GGUF (model.py): here only the first begins as one, and they
have to be joined.
"""

import os
import re
import shlex
from dataclasses import dataclass

from compare import letters
from compare.gguf.header import HeaderError

# x.gguf.part1of2  x.part01.gguf  x.gguf-split-a  x.gguf.001  x.gguf.aa
_NAME = re.compile(
    r"(?P<whole>.+?)(?P<mark>[-._ ]*(?:part|split|chunk|piece)[-._ ]?|(?<=\.gguf)[-._])"
    r"(?P<no>\d{1,4}|a?[a-z])(?P<of>[-._ ]?of[-._ ]?(?P<count>\d{1,4}))?(?P<end>\.gguf)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece, the `no`th (the first is 1) of `names`; `missing` are those of them that aren't here."""

    no: int
    names: tuple[str, ...]
    missing: tuple[str, ...]
    whole: str
    """the name of the file that they make together"""

    def error(self, lacking_bytes: int = 0) -> HeaderError:
        """What it is, and how to make a whole of it. `lacking_bytes`: what those that are here lack of it."""
        joined = f"cat {' '.join(map(_quoted, self.names))} > {_quoted(self.whole)}"
        what = f"This is part {self.no} of {len(self.names)} of a file that was cut by bytes"
        if len(self.names) == 1:
            return HeaderError(
                f"By its name, this is part {self.no} of a file that was cut by bytes, and no other part is "
                f"in this folder.\nDownload the others into it, then join all: cat … > {_quoted(self.whole)}"
            )
        if not self.missing and lacking_bytes:
            return HeaderError(
                f"{what}, and together they lack {lacking_bytes:,} bytes: one is cut short, or isn't here.\n"
                f"Download it again, then join them: {joined}"
            )
        if not self.missing:
            return HeaderError(f"{what}.\nJoin them: {joined}")
        gone = " and ".join(letters.name(name) for name in self.missing[:2])
        more = f" and {len(self.missing) - 2} more" if len(self.missing) > 2 else ""
        are = "is" if len(self.missing) == 1 else "are"
        return HeaderError(
            f"{what}, of which {gone}{more} {are} not in this folder.\n"
            f"Download what is missing into it, then join them: {joined}"
        )


def piece_of(path: str) -> Piece | None:
    """Which piece a file is, by its name and those beside it; None where its name tells of none."""
    folder, name = os.path.split(path)
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        beside = os.listdir(folder or ".")
    except OSError:
        beside = [name]
    mine = {_key(each): each for each in map(_NAME.fullmatch, beside) if _same(each, found)}
    mine[_key(found)] = found
    first = 0 if 0 in mine and found["no"].isdigit() else 1
    last = max(int(found["count"] or 0) + first - 1, *mine)
    if not first <= _key(found) or last - first >= 1000:
        return None
    names = [mine[n][0] if n in mine else _named(found, n) for n in range(first, last + 1)]
    missing = [
        name for n, name in enumerate(names, first) if n not in mine or mine[n][0] not in beside
    ]
    return Piece(_key(found) - first + 1, tuple(names), tuple(missing), _whole(found))


def _same(other: re.Match | None, found: re.Match) -> bool:
    """Whether two names are of the pieces of one file."""
    if other is None or other["no"].isdigit() != found["no"].isdigit():
        return False
    return all(other[part] == found[part] for part in ("whole", "mark", "of", "end"))


def _key(found: re.Match) -> int:
    """Its place: a number, or letters as `split` counts them, from a or aa on."""
    no = found["no"].lower()
    if no.isdigit():
        return int(no)
    place = 0
    for letter in no:
        place = place * 26 + ord(letter) - ord("a")
    return place + 1


def _named(found: re.Match, n: int) -> str:
    """The name of piece `n`, written as that of another."""
    no = found["no"]
    if no.isdigit():
        text = f"{n:0{len(no)}}"
    else:
        n -= 1
        last = chr(ord("a") + n % 26)
        text = last if len(no) == 1 else chr(ord("a") + n // 26 % 26) + last
    return f"{found['whole']}{found['mark']}{text}{found['of'] or ''}{found['end'] or ''}"


def _whole(found: re.Match) -> str:
    whole = found["whole"]
    return whole if whole.lower().endswith(".gguf") else f"{whole}.gguf"


def _quoted(name: str) -> str:
    return shlex.quote(letters.name(name))
