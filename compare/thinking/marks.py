"""How models mark what they think before they answer: one table, with where each mark was found.

Data only. `llama.cpp` below is the one that is built here, by its paths; `vLLM` is its folder vllm/reasoning.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tags:
    """A thought stands between one of `begins` and one of `ends`, as text or as tokens of their own."""

    begins: tuple[str, ...]
    ends: tuple[str, ...]
    source: str
    agreed: bool = False
    """plain words, which anyone may write: they count only where the prompt names them"""


@dataclass(frozen=True)
class Channels:
    """Every message has a header, from one of `begins` to one of `ends`: it is thinking where the header,
    `ends` included, holds one of `thinking`.
    """

    begins: tuple[str, ...]
    ends: tuple[str, ...]
    thinking: tuple[str, ...]
    source: str
    closes: tuple[str, ...] = ()
    """what may stand behind a message, and ends no answer"""


TAGS = (
    Tags(
        ("<think>",), ("</think>",),
        "llama.cpp: models/templates of Qwen3, DeepSeek R1 to V4, GLM 4.6, Granite 3.3, SmolLM3, Nemotron, "
        "Kimi K2; common/parsers/{qwen3-coder,deepseek,kimi-k2,lfm2,ling3,minicpm5}.cpp",
    ),
    Tags(("<think:opensource>",), ("</think:opensource>",), "llama.cpp: models/templates/tencent-Hy3.jinja"),
    Tags(("<seed:think>",), ("</seed:think>",), "llama.cpp: models/templates/ByteDance-Seed-OSS.jinja"),
    Tags(("<mm:think>",), ("</mm:think>",), "llama.cpp: common/parsers/minimax-m3.cpp"),
    Tags(("[THINK]",), ("[/THINK]",), "llama.cpp: common/parsers/ministral3.cpp"),
    Tags(
        ("<|START_THINKING|>",), ("<|END_THINKING|>", "<|START_TEXT|>", "<|START_RESPONSE|>"),
        "llama.cpp: common/parsers/cohere2moe.cpp, models/templates of Command R7B",
    ),
    Tags(("<|channel>thought",), ("<channel|>",), "llama.cpp: common/parsers/gemma4.cpp"),
    Tags(
        ("<|inner_prefix|>",), ("<|inner_suffix|>",),
        "llama.cpp: models/templates/Apertus-8B-Instruct.jinja; vLLM: apertus_reasoning_parser.py",
    ),
    Tags(("<|think:start|>",), ("<|think:end|>",), "vLLM: solar_open2_reasoning_parser.py"),
    Tags(("[unused16]",), ("[unused17]",), "vLLM: pangu_reasoning_parser.py"),
    Tags(
        ("Here are my reasoning steps:",), ("[BEGIN FINAL RESPONSE]",),
        "llama.cpp: models/templates/Apriel-1.6-15b-Thinker-fixed.jinja", agreed=True,
    ),
    Tags(
        ("Here is my thought process:", "Here's my thought process:"),
        ("Here is my response:", "Here's my response:"),
        "vLLM: granite_reasoning_parser.py (Granite 3.2)", agreed=True,
    ),
    Tags(("<thinking>",), ("</thinking>",), "llama.cpp: models/templates/unsloth-Apriel-1.5.jinja"),
    *(
        Tags((begin,), (end,), "Open WebUI: backend/open_webui/utils/middleware.py")
        for begin, end in (
            ("<reason>", "</reason>"),
            ("<reasoning>", "</reasoning>"),
            ("<thought>", "</thought>"),
            ("<Thought>", "</Thought>"),
            ("<|begin_of_thought|>", "<|end_of_thought|>"),
            ("◁think▷", "◁/think▷"),
        )
    ),
)  # fmt: skip
CHANNELS = (
    Channels(
        ("<|start|>", "<|channel|>"), ("<|message|>",), ("<|channel|>analysis", " to=self"),
        "llama.cpp: common/parsers/gpt-oss.cpp, models/templates/muse-glimmer.jinja",
        closes=("<|end|>", "<|eom|>"),
    ),
    Channels(
        ("<|begin|>", "<|think|>", "<|content|>"), ("<|think|>", "<|content|>"), ("<|think|>",),
        "llama.cpp: models/templates/upstage-Solar-Open-100B.jinja", closes=("<|end|>",),
    ),
    Channels(
        ("<|open|>", "<|close|>"), ("<|sep|>",), ("<|open|>think", "<|close|>think"),
        "llama.cpp: common/parsers/kimi-k3.cpp",
    ),
)  # fmt: skip
ANSWERS = {
    "<answer>": "</answer>",  # vLLM: hunyuan_a13b_reasoning_parser.py
    "<response>": "</response>",  # llama.cpp: common/chat-diff-analyzer.cpp, Granite 3.3
    "<output>": "</output>",  # the system prompt published with Reflection-Llama-3.1-70B
    "<|begin_of_solution|>": "<|end_of_solution|>",  # Open WebUI, as above
    "[BEGIN FINAL RESPONSE]": "[END FINAL RESPONSE]",  # llama.cpp: unsloth-Apriel-1.5.jinja
}
"""What may stand around the answer that follows a thought; it is no part of it."""
