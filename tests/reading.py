"""Headers read, and what is said of those that are refused."""

import io
import tempfile
import tracemalloc
from functools import cache
from pathlib import Path

import pytest
import shapes

from compare.gguf.header import Header, HeaderError
from compare.gguf.model import check
from compare.gguf.reader import read_header


def read(raw: bytes) -> Header:
    return read_header(io.BytesIO(raw))


def refusal(raw: bytes) -> str:
    """What is said of a file that holds these bytes."""
    with pytest.raises(HeaderError) as refused:
        check(read(raw), len(raw))
    message = str(refused.value)
    what, advice = message.split("\n")
    assert what.endswith((".", "”.")) and advice.endswith(".")
    return message


@cache
def tiny_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return shapes.tiny(Path(folder) / "t.gguf", chat_template="{{ x }}").read_bytes()


@cache
def tiny_header() -> bytes:
    return tiny_file()[: read(tiny_file()).data_offset]


def peak_bytes(call) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def read_or_refuse(raw: bytes) -> Header | HeaderError:
    try:
        header = read(raw)
        check(header, len(raw))
    except HeaderError as error:
        assert len(str(error).split("\n")) == 2
        return error
    return header
