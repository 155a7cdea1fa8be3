"""What a file is that is no GGUF, told by how it begins, and what to do about it."""

import re

from compare.gguf.header import HeaderError, Unknown, cut_short

# What a file that is no GGUF begins with, what that is, and what to do.
_OTHER_FILES = (
    (
        rb"\s*(<!doctype html|<html|<\?xml|<head)",
        "This is a web page that was saved under the file's name, not a GGUF file",
        "Download it again; the page may ask to log in or to accept a licence first.",
    ),
    (
        rb"version https://git-lfs",
        "This is a Git LFS pointer, a note of where the file is, not the file",
        "Run “git lfs pull” in its folder, or download the file itself.",
    ),
    (
        rb"PK\x03\x04.{0,200}data\.pkl|\x80[\x02-\x05]",
        "These are PyTorch weights, not a GGUF file",
        "Choose a GGUF file of this model, or convert it with llama.cpp's convert_hf_to_gguf.py.",
    ),
    (
        rb'.{5}\0{3}\s*\{\s*"',
        "These are weights in the safetensors format, not a GGUF file",
        "Choose a GGUF file of this model, or convert it with llama.cpp's convert_hf_to_gguf.py.",
    ),
    (
        rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd|\xfd7zXZ",
        "This is a packed archive, not a GGUF file",
        "Unpack it and name the .gguf file in it.",
    ),
    (
        # What follows is how many tokens its vocabulary has: 51,864 to 51,866 (whisper.cpp, src/whisper.cpp).
        rb"lmgg[\x98-\x9a]\xca\0\0",
        "This is a Whisper model, which writes down speech, in whisper.cpp's own format",
        "Choose a GGUF file of a model for chat or for completing text.",
    ),
    (
        rb"lmgg|fmgg|tjgg|algg|ggml|ggmf|ggjt|ggla",
        "This is a GGML file of before August 2023, which llama.cpp no longer reads",
        "Choose a GGUF file of this model.",
    ),
)


def not_gguf(begins: bytes, size: int) -> HeaderError:
    if not begins:
        return HeaderError("The file is empty.\nDownload it again.")
    if b"GGUF".startswith(begins):
        return cut_short(size, 24)
    for pattern, what, advice in _OTHER_FILES:
        if re.match(pattern, begins, re.DOTALL | re.IGNORECASE):
            return HeaderError(f"{what}.\n{advice}")
    if not begins.strip(b"\0"):
        return Unknown(
            "The file holds only zeros: its download was begun and never finished.\nDownload it again."
        )
    if line := _first_line(begins):
        return HeaderError(
            f"This is text, not a GGUF file. It begins: “{line}”.\nDownload it again."
        )
    return Unknown("This is not a GGUF file.\nName a .gguf file, or download it again.")


def _first_line(begins: bytes) -> str | None:
    """What a text begins with, 80 letters at most; None where it is no text."""
    try:
        text = begins[:400].decode()
    except UnicodeDecodeError as error:
        if error.start < min(len(begins), 400) - 3:
            return None
        text = begins[: error.start].decode()
    lines = text.strip().splitlines()
    if not lines or not all(letter.isprintable() or letter in "\t\r\n" for letter in text):
        return None
    return lines[0].strip()[:80]
