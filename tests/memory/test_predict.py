"""What a model will take, predicted from headers; test_allocated.py holds it against llama.cpp."""

import io
from dataclasses import replace

import pytest
from headers import LIES, array, entry, gguf, string, tensor
from hypothesis import given, settings
from hypothesis import strategies as st

from compare.gguf.header import Header, Tensor
from compare.gguf.reader import read_header
from compare.memory.choices import advice, layers_that_fit, with_file
from compare.memory.known import known_header
from compare.memory.predict import (
    CUDA_CONTEXT_BYTES,
    GPU_MARGIN_BYTES,
    RAM_MARGIN_BYTES,
    Account,
    Free,
    Prediction,
    Reservation,
    missing,
    predict,
)
from compare.memory.rules import PredictionError
from compare.models.catalogue import MODELS
from compare.protocol.devices import on_gpu

MIB, GIB = 2**20, 2**30
AVX512 = frozenset({"AVX2", "AVX512", "REPACK"})
TINYLLAMA = known_header(MODELS["tinyllama"].shape, "Q8_0")
SOLAR = known_header(MODELS["solar"].shape, "Q2_K")
MIXTRAL = known_header(MODELS["mixtral"].shape, "Q2_K")


def described(architecture: str, layers: int = 4, **metadata) -> Header:
    """A header of that many layers, with 1 KV head of 64 + 64 unless it says otherwise."""
    values = {
        "embedding_length": 256,
        "attention.head_count": 4,
        "attention.head_count_kv": 1,
        **{key.replace("__", "."): value for key, value in metadata.items()},
    }
    return replace(
        TINYLLAMA,
        architecture=architecture,
        layers=layers,
        context=100_000,
        metadata={f"{architecture}.{key}": value for key, value in values.items()},
    )


def kib_per_layer(header: Header, n_ctx: int, **settings) -> float:
    return predict(header, n_ctx, **settings).kv_bytes / header.layers / 1024


@pytest.mark.parametrize(("header", "mib"), [(TINYLLAMA, 22), (SOLAR, 192), (MIXTRAL, 128)])
def test_the_cache_of_the_articles_models(header, mib):
    assert predict(header, 1024).kv_bytes == mib * MIB
    assert predict(header, 1024, "q8_0").kv_bytes == mib * MIB * 34 // 64
    assert predict(header, 2048).kv_bytes == 2 * mib * MIB


@pytest.mark.parametrize(("n_ctx", "cells"), [(1, 256), (256, 256), (257, 512), (2000, 2048)])
def test_a_context_is_rounded_up_to_256_tokens(n_ctx, cells):
    assert predict(TINYLLAMA, n_ctx).kv_bytes == 22 * MIB * cells // 1024
    assert predict(TINYLLAMA, n_ctx).n_ctx == n_ctx


def test_a_context_is_lowered_to_what_the_model_was_trained_for():
    assert predict(TINYLLAMA, 10_000) == predict(TINYLLAMA, 2048)


# 256 bytes a cell and layer: 64 + 64 elements of 2 bytes.
@pytest.mark.parametrize(
    ("architecture", "metadata", "layers", "full"),
    [
        ("gemma3", {"attention__sliding_window": 512}, 12, 2),
        ("gemma2", {"attention__sliding_window": 512}, 12, 6),
        ("gpt-oss", {"attention__sliding_window": 512}, 12, 6),
        ("cohere2", {"attention__sliding_window": 512}, 12, 3),
        ("gemma3", {}, 12, 12),
        ("gemma3", {"attention__sliding_window": 0}, 12, 12),
        ("llama", {"attention__sliding_window": 512}, 12, 12),
        ("phi3", {"attention__sliding_window": 512}, 12, 12),
        (
            "gemma3",
            {"attention__sliding_window": 512, "attention__sliding_window_pattern": 3},
            12,
            4,
        ),
        (
            "gemma3",
            {
                "attention__sliding_window": 512,
                "attention__sliding_window_pattern": (True, True, True, False),
            },
            4,
            1,
        ),
    ],
)
def test_layers_that_keep_a_window(architecture, metadata, layers, full):
    header = described(architecture, layers, **metadata)
    window = 768  # 512 tokens and a batch of 128, rounded up to 256
    assert predict(header, 4096).kv_bytes == 256 * (full * 4096 + (layers - full) * window)
    assert predict(header, 512).kv_bytes == 256 * layers * 512
    assert predict(header, 4096, gpu=True).kv_bytes == 256 * (full * 4096 + (layers - full) * 1024)


def test_gemma_2_has_a_window_where_its_file_names_none():
    assert predict(described("gemma2", 2), 10_000).kv_bytes == 256 * (10_240 + 4352)


def test_heads_may_differ_from_layer_to_layer():
    header = described("llama", 4, attention__head_count_kv=(4, 0, 2, 2))
    # Without flash attention, values are kept as wide as the widest layer's.
    assert predict(header, 1024).kv_bytes == 1024 * 2 * 64 * ((4 + 0 + 2 + 2) + (4 + 0 + 4 + 4))
    assert predict(header, 1024, gpu=True).kv_bytes == 1024 * 2 * 64 * 2 * 8


def test_keys_and_values_may_have_lengths_of_their_own():
    header = described("llama", 4, attention__key_length=96, attention__value_length=32)
    assert predict(header, 1024).kv_bytes == 4 * 1024 * 2 * (96 + 32)


def test_layers_that_only_predict_the_next_token_have_no_cache():
    assert predict(described("glm4moe", 4, nextn_predict_layers=1), 1024).kv_bytes == 3 * 1024 * 256


@pytest.mark.parametrize(
    "header",
    [
        described("deepseek2", attention__key_length_mla=192, attention__kv_lora_rank=512),
        described("jamba", ssm__state_size=16),
        described("newcomer", attention__sliding_window=512),
    ],
)
def test_of_an_unknown_kind_of_cache_llama_cpp_knows_the_size(header):
    assert predict(header, 1024, reserved=Reservation(MIB)).approximate
    said = predict(header, 1024, reserved=Reservation(MIB, 0, 5_000_001))
    assert said.kv_bytes == 5_000_001 and not said.approximate
    half = predict(header, 1024, gpu_layers=3, gpu=True, reserved=Reservation(MIB, MIB, 5_000_001))
    assert half.ram.kv_bytes + half.vram.kv_bytes == 5_000_001
    assert half.vram.kv_bytes == pytest.approx(2_500_000, abs=2)


def test_without_llama_cpps_own_buffers_a_prediction_is_approximate():
    unknown = predict(TINYLLAMA, 2048)
    assert unknown.approximate and unknown.compute_bytes is None
    assert unknown.allocated_bytes == unknown.weights_bytes + unknown.kv_bytes
    known = predict(TINYLLAMA, 2048, reserved=Reservation(20 * MIB))
    assert not known.approximate and known.compute_bytes == 20 * MIB
    assert known.allocated_bytes == unknown.allocated_bytes + 20 * MIB


def test_layers_go_to_the_gpu_from_the_last_and_the_embedding_stays():
    by_name = {tensor.name: tensor.nbytes for tensor in TINYLLAMA.tensors}
    embedding, output = by_name["token_embd.weight"], by_name["output.weight"]
    layer = sum(size for name, size in by_name.items() if name.startswith("blk.0."))
    whole = sum(by_name.values())
    for n in (1, 2, 10, 22):
        on = predict(TINYLLAMA, 1024, gpu_layers=n, gpu=True)
        assert on.vram.weights_bytes == output + (n - 1) * layer
        assert on.ram.weights_bytes == whole - on.vram.weights_bytes
        assert on.vram.kv_bytes == (n - 1) * MIB and on.kv_bytes == 22 * MIB
    for n in (23, 1000, None):
        on = predict(TINYLLAMA, 1024, gpu_layers=n, gpu=True)
        assert (on.gpu_layers, on.layers, on.kind) == (23, 23, "vram")
        assert on.ram.weights_bytes == embedding
        low, high = CUDA_CONTEXT_BYTES
        assert low < on.vram.total_bytes - on.vram.allocated_bytes < high
    off = predict(TINYLLAMA, 1024, gpu_layers=0, gpu=True)
    assert (off.gpu_layers, off.kind, off.vram) == (0, "ram", Account())
    assert predict(TINYLLAMA, 1024, gpu_layers=5).gpu_layers == 0  # there is no GPU


def test_an_embedding_that_is_the_output_too_is_on_the_gpu_as_well():
    tied = replace(TINYLLAMA, tensors=TINYLLAMA.tensors[:-1])
    embedding = tied.tensors[0].nbytes
    on = predict(tied, 512, gpu=True)
    assert on.ram.weights_bytes == embedding
    assert on.weights_bytes == sum(tensor.nbytes for tensor in tied.tensors) + embedding
    assert predict(tied, 512).weights_bytes == sum(tensor.nbytes for tensor in tied.tensors)


def test_repacked_copies_depend_on_the_processor_and_on_a_gpu():
    assert predict(SOLAR, 512).repacked_bytes == 108 * MIB  # as llama.cpp's log says
    assert predict(SOLAR, 512, features=AVX512).repacked_bytes > 2000 * MIB
    assert predict(SOLAR, 512, features=frozenset({"AVX2"})).repacked_bytes == 0
    assert predict(SOLAR, 512, gpu=True, gpu_layers=0).repacked_bytes == 0
    assert predict(TINYLLAMA, 512, features=AVX512).repacked_bytes == 0  # Q8_0
    arm = frozenset({"NEON", "DOTPROD", "REPACK"})
    assert predict(TINYLLAMA, 512, features=arm).repacked_bytes > 1000 * MIB


def test_a_range_of_the_file_is_mapped_with_what_lies_within():
    def place(*sizes: int) -> tuple[Tensor, ...]:
        shape = (32, 8)
        names = ("token_embd.weight", "blk.0.attn_q.weight", "blk.0.attn_norm.weight")
        offsets = (0, sizes[0], sizes[0] + sizes[1])
        types = ("F16", "Q4_0", "F32")
        return tuple(
            Tensor(*each) for each in zip(names, [shape] * 3, types, offsets, sizes, strict=True)
        )

    between = replace(TINYLLAMA, tensors=place(1000, 300, 70), layers=1)
    assert predict(between, 512).weights_bytes == 1000 + 300 + 70 + 300
    last = replace(between, tensors=place(1000, 300, 70)[:2])
    assert predict(last, 512).weights_bytes == 1000 + 300
    of_two_parts = replace(between, tensors=place(1000, 300, 70) * 2)
    assert predict(of_two_parts, 512).weights_bytes == 2 * (1370 + 300)


# TheBloke's Q2_K files of 2023 have more bits in some tensors than today's.
@pytest.mark.parametrize(
    ("model", "quant", "size"),
    [
        (model.id, quant.name, quant.bytes)
        for model in MODELS.values()
        for quant in model.quants
        if not model.package and quant.bytes and quant.name != "Q2_K"
    ]
    # tensorblock/Mixtral-8x7B-Instruct-v0.1-GGUF prints these
    + [("mixtral", "Q2_K", 17.311e9), ("mixtral", "Q3_K_M", 22.546e9)]
    + [("mixtral", "Q4_K_M", 28.448e9), ("mixtral", "Q5_K_M", 33.230e9)],
)
def test_a_known_shape_has_the_size_of_the_published_file(model, quant, size):
    assert known_header(MODELS[model].shape, quant).file_bytes == pytest.approx(size, rel=0.015)
    scaled = known_header(MODELS[model].shape, quant, round(size))
    assert scaled.file_bytes == pytest.approx(size, rel=1e-6)
    assert predict(scaled, 512).approximate


def test_every_model_of_the_catalogue_that_must_be_downloaded_is_known():
    for model in MODELS.values():
        for quant in model.quants:
            header = known_header(model.shape, quant.name, quant.bytes)
            assert (header is None) == bool(model.package)
            if header is not None:
                assert header.context == model.context
    assert known_header(MODELS["tinyllama"].shape, "IQ1_S") is None


def test_as_many_layers_as_fit():
    def fitting(gib: float, **settings) -> int:
        return layers_that_fit(SOLAR, 2048, "f16", Free(None, round(gib * GIB)), **settings)

    assert fitting(80) == 49
    assert fitting(1) == 0
    counts = [fitting(gib / 4) for gib in range(4, 28)]
    assert counts == sorted(counts) and counts[-1] == 49
    some = fitting(4)
    assert 0 < some < 49
    free = Free(None, 4 * GIB)
    assert missing(predict(SOLAR, 2048, gpu_layers=some, gpu=True), free) == (0, 0)
    assert missing(predict(SOLAR, 2048, gpu_layers=some + 1, gpu=True), free)[1] > 0
    assert fitting(4, reserved=Reservation(0, GIB)) < some


def test_what_is_missing_is_counted_with_a_margin():
    prediction = predict(TINYLLAMA, 2048, reserved=Reservation(20 * MIB))
    needed = prediction.ram.total_bytes + RAM_MARGIN_BYTES
    assert missing(prediction, Free(needed)) == (0, 0)
    assert missing(prediction, Free(needed - 1)) == (1, 0)
    assert missing(prediction, Free(None, 0)) == (0, 0)
    there = predict(TINYLLAMA, 2048, gpu=True, reserved=Reservation(20 * MIB, 40 * MIB))
    needed = there.vram.total_bytes + GPU_MARGIN_BYTES
    assert missing(there, Free(None, needed - 1)) == (0, 1)


def test_advice_is_the_mildest_single_change_that_fits():
    prediction = predict(SOLAR, 4096, reserved=Reservation(30 * MIB))
    quants = {"Q8_0": 11_400_000_000, "Q2_K_S": 3_000_000_000, "Q1": 2_000_000_000}
    close = Free(prediction.ram.total_bytes + RAM_MARGIN_BYTES - 200 * MIB)
    options = advice(SOLAR, prediction, close, quants, reserved=Reservation(30 * MIB))
    assert [(option.setting, option.value) for option in options] == [
        ("n_ctx", 2048),
        ("kv_type", "q8_0"),
        ("quant", "Q2_K_S"),
    ]
    assert all(missing(option.prediction, close) == (0, 0) for option in options)
    hopeless = Free(GIB)
    assert advice(SOLAR, prediction, hopeless, quants) == ()


def test_advice_for_a_gpu_is_fewer_layers_there():
    prediction = predict(SOLAR, 2048, gpu=True, reserved=Reservation(30 * MIB, 100 * MIB))
    free = Free(64 * GIB, 4 * GIB)
    options = advice(SOLAR, prediction, free, gpu=True, reserved=Reservation(30 * MIB, 100 * MIB))
    first = options[0]
    assert first.setting == "gpu_layers" and 0 < first.value < 49
    assert first.value == layers_that_fit(
        SOLAR, 2048, "f16", free, reserved=Reservation(30 * MIB, 100 * MIB)
    )


def test_another_file_of_the_model_is_scaled():
    prediction = predict(SOLAR, 2048, reserved=Reservation(30 * MIB))
    smaller = with_file(prediction, 0.5)
    assert smaller.weights_bytes == round(prediction.weights_bytes / 2) and smaller.approximate
    assert smaller.kv_bytes == prediction.kv_bytes


@pytest.mark.parametrize(
    ("header", "n_ctx", "kv_type", "says"),
    [
        (TINYLLAMA, -1, "f16", "a context of -1 tokens"),
        (TINYLLAMA, 0, "f16", "a context of 0 tokens"),
        (TINYLLAMA, 512, "q4_0", "a q4_0 cache"),
        (replace(TINYLLAMA, layers=0), 512, "f16", "tells of no layers"),
        (replace(TINYLLAMA, layers=None), 512, "f16", "tells of no layers"),
        (replace(TINYLLAMA, layers=10**9), 512, "f16", "tells of 1,000,000,000 layers"),
        (replace(TINYLLAMA, metadata={}), 512, "f16", "doesn't tell its attention.head_count"),
        (described("llama", embedding_length="x"), 512, "f16", "its embedding_length"),
        (described("llama", attention__head_count_kv=(1, 2)), 512, "f16", "head_count_kv"),
        (described("llama", attention__head_count=(1, -2, 3, 4)), 512, "f16", "head_count"),
    ],
)
def test_a_prediction_that_can_not_be_made_says_why(header, n_ctx, kv_type, says):
    with pytest.raises(PredictionError) as refused:
        predict(header, n_ctx, kv_type)
    what, advice_line = str(refused.value).split("\n")
    assert says in what and advice_line.endswith(".")


VALUES = st.one_of(
    st.sampled_from(LIES).map(lambda n: (10, n.to_bytes(8, "little"))),
    st.integers(-(2**31), 2**31 - 1).map(lambda n: (5, n.to_bytes(4, "little", signed=True))),
    st.integers(0, 64).map(lambda n: (4, n.to_bytes(4, "little"))),
    st.just((7, b"\1")),
    st.just((6, b"\0\0\x80\x7f")),
)
KEYS = (
    *("block_count", "context_length", "embedding_length", "attention.head_count"),
    *("attention.head_count_kv", "attention.key_length", "attention.value_length"),
    *("attention.sliding_window", "attention.sliding_window_pattern", "nextn_predict_layers"),
    *("attention.key_length_swa", "ssm.state_size"),
)


@settings(max_examples=300)
@given(st.data())
def test_no_header_makes_it_do_more_than_refuse(data):
    architecture = data.draw(st.sampled_from(["llama", "gemma3", "newcomer", ""]))
    entries = [string("general.architecture", architecture)]
    for key in data.draw(st.sets(st.sampled_from(KEYS))) | {"block_count"}:
        name = f"{architecture}.{key}"
        match data.draw(st.sampled_from(["scalar", "scalar", "scalar", "string", "array"])):
            case "scalar":
                entries.append(entry(name, *data.draw(VALUES)))
            case "string":
                entries.append(string(name, "1"))
            case "array":
                raw = data.draw(st.binary(max_size=80))
                entries.append(array(name, 4, len(raw) // 4, raw[: len(raw) // 4 * 4]))
    tensors = [tensor("token_embd.weight", (256, 8), 2), tensor("blk.x.y", (32,), 0, 1152)]
    header = read_header(io.BytesIO(gguf(*entries, tensors=tensors)))
    try:
        made = predict(
            header, data.draw(st.sampled_from([1, 512, 10**7])), gpu=data.draw(st.booleans())
        )
        assert isinstance(made, Prediction) and made.total_bytes > 0
    except PredictionError as error:
        assert len(str(error).split("\n")) == 2


@pytest.mark.parametrize(
    ("device", "there"),
    [
        *[("CUDA0", True), ("MTL0_Mapped", True), ("Vulkan1", True), ("CUDA_Host", False)],
        *[("CPU", False), ("CPU_Mapped", False), ("CPU_REPACK", False), ("BLAS", False)],
    ],
)
def test_which_devices_have_memory_of_their_own(device, there):
    assert on_gpu(device) is there
