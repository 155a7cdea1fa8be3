"""The weights that shapes.py writes: such that say a text, and random blocks for full sizes."""

import numpy as np
from gguf import GGMLQuantizationType as Kind
from gguf import quants
from vocabulary import BYTES, EOS, SPECIALS

# A logit this far below or above the others decides, at any temperature in use.
SURE = 40.0

# Where a block keeps its half-precision scale and, if it has one, its minimum (ggml-common.h); the
# minimum as a multiple of the scale, so that the weights' mean is about 0.
FIELDS = {
    Kind.Q8_0: (0, None, 0.0),
    Kind.Q2_K: (80, 82, 1.5),
    Kind.Q3_K: (108, None, 0.0),
    Kind.Q4_K: (0, 2, 7.5),
    Kind.Q5_K: (0, 2, 15.5),
    Kind.Q6_K: (208, None, 0.0),
}
# A prime, and more than the rows of any tensor here: no two rows of one tensor are the same.
PATTERN_BLOCKS = 65_537


# Tiny models: a row a token, in the embeddings and in the output.


def token_rows(text: list[int], n_vocab: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A row a token.

    Element 0 is 1 for all, which gives the output a bias. A text's tokens have an element each, all
    others share element 1.
    """
    if not text:
        embeddings = rng.normal(0, 1, (n_vocab, width))
    else:
        embeddings = np.zeros((n_vocab, width))
        embeddings[:, 1] = 3
        for element, token in _elements(text, width).items():
            embeddings[token, 1] = 0
            embeddings[token, element] = 3
    embeddings[:, 0] = 1
    return embeddings.astype(np.float32)


def _elements(text: list[int], width: int) -> dict[int, int]:
    tokens = sorted(set(text))
    if len(tokens) > width - 2:
        raise ValueError(
            f"{len(tokens)} different tokens don't fit into a width of {width}: at most {width - 2}"
        )
    return dict(enumerate(tokens, start=2))


def successors(text: list[int], ends: bool, n_vocab: int, width: int) -> np.ndarray:
    """Output rows that make each of the text's tokens sure after those it follows."""
    element_of = {token: element for element, token in _elements(text, width).items()}
    after_norm = (width / (1 + 3 * 3)) ** 0.5
    output = np.zeros((n_vocab, width))
    output[:, 0] = -SURE / after_norm
    output[text, 0] = 0
    if ends:
        output[EOS, 0] = 0
    output[text[0], 1] = SURE / (3 * after_norm)
    for token, following in zip(text, [*text[1:], EOS if ends else text[0]], strict=True):
        output[following, element_of[token]] = SURE / (3 * after_norm)
    return output.astype(np.float32)


def any_token(vocabulary: list[str], width: int, rng: np.random.Generator) -> np.ndarray:
    """Output rows of random logits, but no special tokens, and bytes only where nothing else is."""
    output = rng.normal(0, 3 * width**-0.5, (len(vocabulary), width))
    output[:, 0] = 0
    first = len(SPECIALS) + len(BYTES)
    output[: first if len(vocabulary) > first else len(SPECIALS), 0] = -SURE * 2
    return output.astype(np.float32)


# Full-size models: random blocks, repeated. Only their scales must be right: logits stay finite.


def unquantized(size: tuple[int, ...]) -> np.ndarray:
    """What has no blocks: ones for a norm."""
    if len(size) == 1:
        return np.ones(size, np.float32)
    return np.random.default_rng(0).normal(0, size[-1] ** -0.5, size).astype(np.float32)


def pattern(kind: Kind) -> np.ndarray:
    """Blocks of random bytes that decode to finite weights, their scale 1."""
    size = quants.GGML_QUANT_SIZES[kind][1]
    blocks = np.random.default_rng(int(kind)).integers(0, 256, (PATTERN_BLOCKS, size), np.uint8)
    return _with_scale(blocks, kind, 1.0)


def _with_scale(blocks: np.ndarray, kind: Kind, scale: float) -> np.ndarray:
    scale_at, minimum_at, ratio = FIELDS[kind]
    blocks[:, scale_at : scale_at + 2] = np.array([scale], np.float16).view(np.uint8)
    if minimum_at is not None:
        blocks[:, minimum_at : minimum_at + 2] = np.array([scale * ratio], np.float16).view(
            np.uint8
        )
    return blocks


def tiled(
    pattern: np.ndarray, kind: Kind, deviation: float, byte_shape: tuple[int, ...]
) -> np.ndarray:
    """The pattern over and over, with the scale that gives its weights this standard deviation."""
    scale = deviation / quants.dequantize(pattern[:500], kind).std()
    return np.resize(_with_scale(pattern.copy(), kind, scale), byte_shape)
