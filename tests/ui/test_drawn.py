"""What stands where an answer will: a model's card, of the catalogue or of one's own."""

import re
import struct
from html import unescape
from pathlib import Path

from headers import entry, gguf, string, tensor, u32, with_entries

from compare.models.spec import parse
from compare.ui.drawn import card


def rows(spec: str) -> dict[str, str]:
    told = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", card(parse(spec)))
    return {name: unescape(value).replace("\u00a0", " ") for name, value in told}


def test_a_model_of_the_catalogue():
    repo = "TheBloke/SOLAR-10.7B-Instruct-v1.0-GGUF"
    assert rows("solar") == {
        "Parameters": "10.7 B",
        "File": "4.55 GB, Q2_K",
        "Licence": "CC BY-NC 4.0, non-commercial",
        "Context": "4,096 tokens",
        "From": f'<a href="https://huggingface.co/{repo}" target="_blank">{repo}</a>',
    }
    assert list(rows("gemma3"))[-2:] == ["From", "Kind"]


def test_a_file_of_ones_own(tiny):
    assert rows(tiny(n_ctx_train=1024, quant="Q8_0")) == {
        "Parameters": "390,272",
        "File": "426 kB, Q8_0",
        "Architecture": "llama",
        "Context": "1,024 tokens",
        "Chat template": "none, so it is asked in plain text",
    }
    assert rows(tiny("own.gguf", chat_template="{{ 'Q' }}"))["Chat template"] == "its own"


def test_what_a_file_recommends_is_on_its_card(tiny):
    path = Path(tiny())
    temp = entry("general.sampling.temp", 6, struct.pack("<f", 1))
    path.write_bytes(with_entries(path.read_bytes(), u32("general.sampling.top_k", 20), temp))
    assert rows(str(path))["Recommends"] == "temperature 1, top-k 20"


def test_what_a_header_says_is_no_markup(tmp_path):
    path = tmp_path / "a.gguf"
    path.write_bytes(
        gguf(string("general.architecture", "<b>x</b>"), tensors=[tensor()], data=bytes(128))
    )
    assert rows(str(path))["Architecture"] == "<b>x</b>" and "<b>" not in card(parse(str(path)))


def test_of_a_missing_file_its_name_is_left():
    assert rows("/nowhere/a.gguf") == {"File": "a.gguf"}
