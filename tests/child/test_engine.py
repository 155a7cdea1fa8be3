"""One loaded model, in the tests' own process."""

import shapes
from engines import log
from llama_cpp import llama_cpp as api

from compare.child.engine import Engine
from compare.child.llama import describe
from compare.protocol.devices import CPU_UBATCH
from compare.protocol.requests import Load


class Onlooker:
    """Before each batch it looks whether the last one left logits behind."""

    def __init__(self, engine: Engine):
        self.context, self.left = engine.context, []

    def interrupted(self):
        return None

    def hand_over(self):
        self.left.append(bool(api.llama_get_logits_ith(self.context.handle, -1)))

    def begins_anew(self, part):
        return False

    def progress(self, at, done):
        pass


def test_only_the_end_of_a_prompt_is_asked_what_follows(tmp_path):
    path = str(shapes.tiny(tmp_path / "tiny.gguf", says="All done."))
    load = Load(run=1, path=path, n_ctx=512, gpu_layers=0, kv_type="f16", threads=1)
    engine = Engine(load, log(), lambda event: None)
    try:
        engine.context.clear()
        onlooker = Onlooker(engine)
        assert engine.evaluate(range(3, 3 + 2 * CPU_UBATCH + 22), onlooker).interrupted is None
        onlooker.hand_over()
        assert onlooker.left[1:] == [False, False, True]
    finally:
        engine.close()


def test_weights_are_repacked_but_with_avx512(monkeypatch):
    for told, repacks in (
        (b"AVX2 = 1 | REPACK = 1 |", True),
        (b"AVX2 = 1 | AVX512 = 1 | REPACK = 1 |", False),
    ):
        monkeypatch.setattr(api, "llama_print_system_info", lambda told=told: b"CPU : " + told)
        assert ("REPACK" in describe()["features"]) is repacks
