"""What the surroundings say of the Hub and of where files are kept, in the words of whoever set them: the
token, the caches' folders, and why the Hub isn't asked.

Names variables and folders in them, never a path: what is said here is shown to visitors, too.
"""

import contextlib
import errno
import json
import os
import re
import unicodedata
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""characters of a value that is a secret; a shorter one stands in any text"""
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1
_SIGNS = {'"': "a quotation mark", "'": "a quotation mark", "\ufeff": "a byte order mark"}
_SECRET = re.compile(
    r"(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PASS|PAT|(API|ACCESS|AUTH|PRIVATE)?KEY|CREDENTIAL)S?"
    r"(_\d+|_ID|_READ|_WRITE)?$",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@]+@")
_IN_QUERY = re.compile(
    r"(?<=[?&;])([\w.-]*(?:token|key|secret|password|signature|credential|sig)=)[^&;#\s\"'<>]+",
    re.IGNORECASE,
)
_IN_HEADER = re.compile(
    r"(\bBearer|authorization\W+Basic)\s+[A-Za-z0-9._~+/-]{6,}=*", re.IGNORECASE
)  # RFC 6750, 7617
_OFFLINE = "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"
_HUB_FOLDERS = {
    "HF_HUB_CACHE": "", "HUGGINGFACE_HUB_CACHE": "", "HF_HOME": "hub",
    "XDG_CACHE_HOME": "huggingface/hub",
}  # fmt: skip
"""Where the Hub's cache is: in the folder of the first of these that is set."""


def is_secret(variable: str) -> bool:
    """Whether a variable of this name holds what nobody else should know."""
    return _SECRET.search(variable) is not None


def without_secrets(text: str) -> str:
    """What others have said (a library, a server), without the values of such variables and the Hub's token,
    in whatever way they are written there; and without what an address or a header gives away by its form.
    """
    from huggingface_hub import get_token

    hidden = [value.strip() for name, value in os.environ.items() if is_secret(name)]
    with contextlib.suppress(OSError, UnicodeDecodeError):
        hidden.append(get_token() or "")
    for value in sorted(filter(lambda each: len(each) >= SHORTEST, hidden), key=len, reverse=True):
        for written in _writings(value):
            text = text.replace(written, "…")
    text = _IN_QUERY.sub(r"\1…", _IN_HEADER.sub(r"\1 …", text))
    return _IN_ADDRESS.sub("…@", text)


def _writings(value: str) -> list[str]:
    """A value as it stands in plain text, in an address, and between quotes of JSON or of Python."""
    encoded = quote(value, safe=""), quote(value), quote_plus(value)
    lower = (re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), each) for each in encoded)
    quoted = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]
    return sorted({value, *encoded, *lower, *quoted, escape(value)}, key=len, reverse=True)


def token_fault() -> str | None:
    """What is wrong with the Hub's token, by its letters alone, and what to do; None where nothing is."""
    from huggingface_hub import get_token

    variables = "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"
    names = [name for name in variables if os.environ.get(name, "").strip()]
    where = names[0] if names else "What is kept of “hf auth login”"
    advice = f"Copy the token anew, or unset {names[0]}." if names else "Log in again."
    try:
        token = get_token() or ""
    except (OSError, UnicodeDecodeError):
        return f"{where} can't be read as text.\n{advice}"
    if not token or _TOKEN.fullmatch(token):
        return None
    odd = next((each for each in token if not _TOKEN.fullmatch(each)), "=")
    name = _SIGNS.get(odd) or unicodedata.name(odd, "a control code").lower()
    return f"{where} is no token: it holds {name} (U+{ord(odd):04X}).\n{advice}"


def away() -> str:
    """That the Hub can't be reached, with the variable that may be why; a clause without its full stop."""
    from huggingface_hub import constants

    reason = " from here"
    scheme = constants.ENDPOINT.partition(":")[0]
    if constants.HF_HUB_OFFLINE:
        reason = f" ({next(filter(os.environ.get, _OFFLINE), _OFFLINE[0])} is set)"
    elif proxy := _set(f"{scheme}_proxy", f"{scheme}_PROXY".upper(), "all_proxy", "ALL_PROXY"):
        reason = f" through the proxy in {proxy}"
    return f"The Hugging Face Hub can't be reached{reason}"


def unreachable() -> str:
    """The same as a column's failure, with the ways out."""
    from huggingface_hub import constants

    first = "Unset it" if constants.HF_HUB_OFFLINE else "Connect to the network"
    return f"{away()}.\n{first}, name a local .gguf file, or copy the file into the Hub's cache."


@dataclass(frozen=True, slots=True)
class Cache:
    """Where files are kept."""

    name: str
    place: str
    """the folder, as its owner calls it"""
    variable: str
    """to set, for another"""

    def trouble(self, file: str, code: int) -> str:
        """Why a file couldn't be kept there, by the system's number for it (errno), and what to do."""
        why = os.strerror(code)
        if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return (
                f"There is no room for {file}: {why}.\n"
                f"Free some disk, or set {self.variable} to a folder on a larger one than {self.place}."
            )
        return (
            f"{self.name} can't be written: {why}.\n"
            f"It is {self.place}. Set {self.variable} to a folder that can."
        )

    def homeless(self) -> str:
        """For a user without a home: the folder would come to lie wherever the app was started."""
        return f"{self.name} has no folder: this user has no home.\nSet HOME, or {self.variable} to a folder."


def hub_cache() -> Cache:
    """By huggingface.co/docs/huggingface_hub/package_reference/environment_variables."""
    variable = _set(*_HUB_FOLDERS)
    place = _within(variable, _HUB_FOLDERS[variable]) if variable else "~/.cache/huggingface/hub"
    return Cache("The Hub's cache", place, "HF_HOME")


def own_cache() -> Cache:
    variable, below = _set("XDG_CACHE_HOME"), "gguf-side-by-side"
    place = _within(variable, below) if variable else f"~/.cache/{below}"
    return Cache("The folder of files that are put together", place, "XDG_CACHE_HOME")


def _within(variable: str, below: str) -> str:
    return f"{below} in the folder of {variable}" if below else f"the folder of {variable}"


def _set(*names: str) -> str | None:
    return next(filter(os.environ.get, names), None)
