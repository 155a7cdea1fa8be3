"""What a GGUF holds that is no model for writing text, told by its type, its architecture and its tensors.

Data, and how it is looked up. Whether llama.cpp knows an architecture it says itself, where it opens a file
(child/); the names here are only of what writes no text whatever its version.
"""

import re
from dataclasses import dataclass

from compare.gguf.header import Header, HeaderError, shown

_ANOTHER = "Choose a model for chat or for completing text."
_OWN = "Choose the model's own file."
_PAINTER = "for programs such as ComfyUI or stable-diffusion.cpp"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. `tensors`: how the name of one of them looks that no model for text has."""

    noun: str
    does: str
    architectures: frozenset[str] = frozenset()
    tensors: str | None = None
    type: str | None = None
    """its general.type (GGUFType in gguf-py's constants.py)"""
    advice: str = _ANOTHER


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Architectures: those of llama.cpp from its src/llama-arch.cpp and gguf-py's constants.py; of pictures and
# films from ComfyUI-GGUF (loader.py, and which tensors tell them: tools/convert.py), "pig" and "cow" from
# gguf-org; of speech from TTS.cpp and whisper.cpp. Tensors of control vectors and importance matrices:
# llama.cpp's tools/cvector-generator and tools/imatrix; of adapters: convert_lora_to_gguf.py.
KINDS = (
    Kind(
        "a vision projector", "the part of a model that reads images or hears sounds",
        _names("clip clip-vision mmproj"),
        r"[va]\.(blk|patch_embd|position_embd|class_embd|pre_ln|post_ln|conv1d)\b.*|mm\.\d.*|resampler\..*",
        "mmproj", _OWN,
    ),
    Kind(
        "a LoRA adapter", "changes to a model, not the model",
        tensors=r".+\.lora_[ab]", type="adapter", advice=_OWN,
    ),
    Kind(
        "an importance matrix", "notes for quantizing a model, not the model",
        tensors=r".+\.in_sum2", type="imatrix", advice=_OWN,
    ),
    Kind(
        "a control vector", "it steers another model's answers, and is no model itself",
        _names("controlvector"), r"direction\.\d+", advice=_OWN,
    ),
    Kind(
        "a draft head", "it helps one certain model to write faster, and writes nothing alone",
        _names("eagle3 dflash gemma4-assistant"), advice=_OWN,
    ),
    Kind(
        "a video model", f"it makes films, {_PAINTER}",
        _names("wan ltxv ltx2 hyvid cosmos mochi cogvideox"),
        r"(model\.diffusion_model\.)?(blocks\.\d+\.(cross_attn|self_attn|adaln_modulation)\b.*"
        r"|double_blocks\.\d+\.img_attn_proj\..*|adaln_single\..*)",
    ),
    Kind(
        "an image model", f"it paints pictures, {_PAINTER}",
        _names(
            "flux flux2 sd1 sd2 sdxl sd3 aura hidream lumina2 qwen_image qwen_image21 chroma pixart kolors "
            "z_image omnigen ernie ideogram ideogram4 krea2 minimax_h3"
        ),
        r"(model\.diffusion_model\.)?(double_blocks|single_blocks|joint_blocks|double_layers|transformer_blocks"
        r"|single_transformer_blocks|double_stream_blocks|joint_transformer_blocks|down_blocks|input_blocks"
        r"|context_refiner|noise_refiner|adaLN_modulation|img_in|txt_in|x_embedder)\..*",
    ),
    Kind(
        "a part of an image or video model", "a decoder of pictures, or an encoder of prompts",
        _names("pig cow vae t5encoder"),
        r"(first_stage_model|cond_stage_model|conditioner|text_encoders?|text_model)\..*"
        r"|(encoder|decoder)\.(up|down|mid|conv_in|conv_out|up_blocks|down_blocks|mid_block)\b.*",
    ),
    Kind(
        "a speech model", "it hears or speaks, and doesn't write answers",
        _names(
            "whisper kokoro parler-tts dia bark parakeet snac dac qwen3tts pockettts wavtokenizer-dec"
        ),
        r"(model\.)?encoder\.(conv1|conv2|positional_embedding)\b.*|(posnet|convnext)\..*|audio_encoder\..*",
    ),
    Kind(
        "a diffusion language model",
        "it writes all words of a text at once, in many passes, which this app doesn't do",
        _names("dream llada llada-moe rnd1"),
    ),
    Kind(
        "an encoder-decoder model", "it rewrites texts, and doesn't chat",
        _names("t5"), r"dec\.blk\.\d+\.cross_attn_.*",
    ),
    Kind(
        "an embedding model", "it turns text into numbers and writes no answers",
        _names(
            "bert modern-bert nomic-bert nomic-bert-moe neo-bert eurobert jina-bert-v2 jina-bert-v3 "
            "gemma-embedding llama-embed"
        ),
        r"enc\.blk\.\d+\..*",
    ),
)  # fmt: skip
_EMBEDDING = next(kind for kind in KINDS if "bert" in kind.architectures)
_DIFFUSION = next(kind for kind in KINDS if "llada" in kind.architectures)


def check_kind(header: Header) -> None:
    """Raises HeaderError for what is no model for writing text, saying what it is."""
    if kind := _kind(header):
        named = f" ({shown(header.architecture)})" if header.architecture else ""
        raise HeaderError(f"This is {kind.noun}{named}: {kind.does}.\n{kind.advice}")


def _kind(header: Header) -> Kind | None:
    general_type = header.metadata.get("general.type")
    for kind in KINDS:
        if (kind.type and kind.type == general_type) or header.architecture in kind.architectures:
            return kind
    if "diffusion.shift_logits" in header.metadata:
        return _DIFFUSION
    pooling = header.get("pooling_type")
    if header.get("attention.causal") is False or (isinstance(pooling, int) and pooling > 0):
        return _EMBEDDING
    if any(tensor.name == "token_embd.weight" for tensor in header.tensors):
        return None  # whatever else it has, it reads and writes words
    for kind in KINDS:
        if kind.tensors and any(re.fullmatch(kind.tensors, each.name) for each in header.tensors):
            return kind
    return None
