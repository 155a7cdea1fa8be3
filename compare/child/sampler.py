"""The choice of the next token: llama.cpp's samplers, given only the tokens that they could choose.

llama.cpp hands all of a vocabulary to its samplers, token by token: with a look at whether all are numbers,
0.25 ms for SmolLM2's 49,152, of 10 ms that a token takes, and 1.05 ms for Gemma's 262,144, of 20 (two cores).
Nearly always the first of them keeps the 40 likeliest, and so the rest need not be handed over: 0.18 and
0.33 ms.
"""

import ctypes
import math
from collections.abc import Sequence

import numpy as np
from llama_cpp import llama_cpp as api

from compare.child.advice import NOT_NUMBERS
from compare.child.llama import Context
from compare.child.log import EngineError

PENALTY_LAST_N = 64
"""llama.cpp's default window of repeat_penalty, in tokens"""
_GROUPS = 256
"""Of which each gives one peak: more than twice 40 and 64 tokens, so that few others aren't below these."""


class Sampler:
    """Chooses the next token of a context, by llama.cpp's samplers in its own default order."""

    def __init__(
        self, context: Context, read: Sequence[int], *, temperature: float, top_k: int,
        top_p: float, min_p: float, repeat_penalty: float, seed: int,
    ):  # fmt: skip
        """`read`: the prompt's tokens, which count as repeated, as in llama-server."""
        links = []
        if repeat_penalty != 1.0:
            links.append(_penalties(context.vocabulary, repeat_penalty))
        if temperature == 0:
            links.append(api.llama_sampler_init_greedy())
        else:
            if top_k > 0:
                links.append(api.llama_sampler_init_top_k(top_k))
            if top_p < 1:
                links.append(api.llama_sampler_init_top_p(top_p, 1))
            if min_p > 0:
                links.append(api.llama_sampler_init_min_p(min_p, 1))
            links.append(api.llama_sampler_init_temp(temperature))
            links.append(api.llama_sampler_init_dist(seed))
        self._context = context
        self._chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
        for link in links:
            api.llama_sampler_chain_add(self._chain, link)
        if repeat_penalty != 1.0:
            for token in read[-PENALTY_LAST_N:]:
                api.llama_sampler_accept(self._chain, token)
        self._keeps = _kept(1 if temperature == 0 else top_k, repeat_penalty)
        self._groups = max(_GROUPS, 2 * self._keeps)
        self._hands_over_all = not self._keeps or 4 * self._groups > context.vocabulary
        data = np.zeros(context.vocabulary, api.llama_token_data)
        self._ids, self._logits = data["id"], data["logit"]
        self._array = api.llama_token_data_array(
            data=data.ctypes.data_as(ctypes.POINTER(api.llama_token_data))
        )

    def sample(self) -> int:
        """The token that follows what was decoded last; it counts as written.

        Raises EngineError where what was computed isn't finite: whatever is chosen by it is chance.
        """
        row = self._context.logits()
        if self._hands_over_all:
            check_numbers(row.max())
            return api.llama_sampler_sample(self._chain, self._context.handle, -1)
        highest = peaks(row, self._groups)
        check_numbers(highest[-1])
        ids = (row >= highest[-self._keeps]).nonzero()[0]
        n, array = len(ids), self._array
        self._ids[:n], self._logits[:n] = ids, row[ids]
        array.size, array.selected, array.sorted = n, -1, False
        api.llama_sampler_apply(self._chain, array)
        token = array.data[array.selected].id
        api.llama_sampler_accept(self._chain, token)
        return token

    def close(self) -> None:
        api.llama_sampler_free(self._chain)


def _penalties(vocabulary: int, repeat_penalty: float) -> ctypes.c_void_p:
    """llama_sampler_init_penalties, which takes the vocabulary's size from llama-cpp-python 0.3.36 on."""
    init = api.llama_sampler_init_penalties
    asked = vocabulary, PENALTY_LAST_N, repeat_penalty, 0.0, 0.0
    return init(*asked[-len(init.argtypes) :])


def _kept(top_k: int, repeat_penalty: float) -> int:
    """How many of the likeliest tokens hold all that may be chosen; 0: any may be.

    A penalty of over 1 makes tokens less likely, as many as it looks back at and no more. One of under 1
    makes some more likely that may have been anywhere.
    """
    if repeat_penalty < 1:
        return 0
    return top_k + PENALTY_LAST_N if top_k and repeat_penalty > 1 else top_k


def check_numbers(greatest: float) -> None:
    """Raises EngineError where the greatest logit isn't finite: it is no number if any isn't."""
    if not math.isfinite(greatest):
        raise EngineError(NOT_NUMBERS, void=True)


def peaks(row: np.ndarray, groups: int) -> np.ndarray:
    """The greatest of each group of a row, in order, (groups,); every value belongs to one.

    What is no number comes last. As many values are not below the n-th last as groups have such a peak: n.
    """
    whole = len(row) // groups * groups
    found = np.maximum.reduce(row[:whole].reshape(-1, groups), 0)
    rest = found[: len(row) - whole]
    np.maximum(rest, row[whole:], out=rest)
    found.sort()
    return found
