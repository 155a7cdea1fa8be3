"""What is predicted, against what llama.cpp allocates when it loads the same file."""

import struct
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import shapes
from children import Child, fetched
from engines import log
from gguf import GGMLQuantizationType as Kind
from headers import text
from holes import sparse

from compare.asked.comparison import comparison
from compare.child.engine import Engine, reserve
from compare.child.llama import EngineError, describe
from compare.gguf.model import read_model
from compare.gguf.reader import read_header
from compare.memory.predict import Reservation, predict
from compare.protocol.devices import on_gpu
from compare.protocol.events import Failed, Hello, Reserved
from compare.protocol.requests import Load, Reserve
from compare.run.machine import Machine

MIB = 2**20
SMALL = shapes.Shape(layers=2, width=512, heads=8, kv_heads=2, ffn=1024, context=512)
EXPERTS = replace(SMALL, experts=4, experts_used=2)
FEATURES = frozenset(describe()["features"])


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("shapes")
    of = {
        # Loaded whole, so only some layers of the large ones: a hole takes memory when it is read.
        "tinyllama": (shapes.TINYLLAMA, lambda role: Kind.Q8_0),
        "solar, 6 layers": (replace(shapes.SOLAR, layers=6), shapes.q2_k_of_dense),
        "mixtral, 2 layers": (replace(shapes.MIXTRAL, layers=2), shapes.q2_k_of_experts),
        "solar": (shapes.SOLAR, shapes.q2_k_of_dense),
        "mixtral": (shapes.MIXTRAL, shapes.q2_k_of_experts),
    }
    for kind in ("Q4_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4", "Q2_K"):
        of[f"dense {kind}"] = (SMALL, lambda role, kind=kind: Kind[kind])
        of[f"experts {kind}"] = (EXPERTS, lambda role, kind=kind: Kind[kind])
    written = {name: sparse(folder / f"{name}.gguf", *args) for name, args in of.items()}
    return {
        **written,
        "smollm2": Path(fetched("smollm2")),
        "gemma3": Path(fetched("gemma3")),
        "tiny": shapes.tiny(folder / "tiny.gguf", quant="Q4_0", width=256),
    }


def predicted(path: Path, n_ctx: int, kv_type: str):
    said = reserve(
        Reserve(run=1, path=str(path), n_ctx=n_ctx, gpu_layers=None, kv_type=kv_type), log()
    )
    reserved = Reservation(said.ram_compute_bytes, said.vram_compute_bytes, said.kv_bytes)
    header = read_model(path)[1]
    return predict(header, n_ctx, kv_type, features=FEATURES, reserved=reserved), said


def allocated(path: Path, n_ctx: int, kv_type: str):
    request = Load(run=1, path=str(path), n_ctx=n_ctx, gpu_layers=None, kv_type=kv_type, threads=2)
    engine = Engine(request, log(), lambda event: None)
    engine.close()
    return engine.memory


@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
@pytest.mark.parametrize("n_ctx", [512, 2048, 4096])
@pytest.mark.parametrize(
    "model", ["smollm2", "gemma3", "tinyllama", "solar, 6 layers", "mixtral, 2 layers"]
)
def test_predicted_is_allocated(files, model, n_ctx, kv_type):
    prediction, said = predicted(files[model], n_ctx, kv_type)
    memory = allocated(files[model], n_ctx, kv_type)
    assert not prediction.approximate
    # The requirement is 5 % or 64 MiB; these files do better. A line of the log rounds to 0.01 MiB.
    assert abs(prediction.allocated_bytes - memory.allocated_bytes) < 0.1 * MIB
    assert abs(prediction.weights_bytes - memory.weights_bytes) < 0.02 * MIB
    assert abs(prediction.kv_bytes - memory.kv_bytes) <= 0.011 * MIB
    assert abs(prediction.kv_bytes - said.kv_bytes) <= 0.011 * MIB
    assert abs(prediction.compute_bytes - memory.compute_bytes) <= 0.011 * MIB
    assert prediction.n_ctx == min(n_ctx, read_header(files[model]).context)


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4", "Q2_K"])
@pytest.mark.parametrize("form", ["dense", "experts"])
def test_what_is_repacked_is_what_llama_cpp_repacks(files, form, kind):
    path = files[f"{form} {kind}"]
    memory = allocated(path, 512, "f16")
    prediction = predict(read_header(path), 512, features=FEATURES)
    assert abs(prediction.weights_bytes - memory.weights_bytes) < 0.02 * MIB
    devices = {each["device"]: each["allocated_bytes"] for each in memory.devices}
    assert abs(prediction.repacked_bytes - devices.get("CPU_REPACK", 0)) <= 0.006 * MIB


def test_an_embedding_that_is_the_output_too_is_repacked_as_such(files, tmp_path):
    path = files["dense Q4_0"]
    header = read_header(path)
    last = header.tensors[-1]
    assert last.name == "output.weight"
    raw = path.read_bytes()[: header.data_offset]
    # The tensor table's last entry goes, and with it the need for its bytes.
    short = (
        raw[:8] + struct.pack("<Q", len(header.tensors) - 1) + raw[16 : raw.rindex(text(last.name))]
    )
    tied = tmp_path / "tied.gguf"
    with open(tied, "wb") as file:
        file.write(short + bytes(-len(short) % 32))
        file.truncate(file.tell() + last.offset)
    memory = allocated(tied, 512, "f16")
    prediction = predict(read_header(tied), 512, features=FEATURES)
    assert abs(prediction.weights_bytes - memory.weights_bytes) < 0.02 * MIB


@pytest.mark.parametrize("model", ["solar", "mixtral"])
@pytest.mark.parametrize(("n_ctx", "kv_type"), [(512, "f16"), (4096, "f16"), (4096, "q8_0")])
def test_the_cache_of_a_full_size_file_is_exact(files, model, n_ctx, kv_type):
    prediction, said = predicted(files[model], n_ctx, kv_type)
    assert abs(prediction.kv_bytes - said.kv_bytes) <= 0.006 * MIB
    # So that without it a prediction is off by 5 % at most.
    assert prediction.compute_bytes < max(64 * MIB, 0.05 * prediction.allocated_bytes)


def test_asking_takes_little_time_and_memory(files):
    for model, limit_s, limit_mb in [("solar", 0.5, 60), ("mixtral", 0.5, 60), ("gemma3", 1, 110)]:
        child = Child()
        try:
            hello = child.hear()
            assert isinstance(hello, Hello) and hello.features
            before_s = spent_s(child.process.pid)
            child.say(ask(files[model]))
            said = child.hear()
            took_s = spent_s(child.process.pid) - before_s
            assert isinstance(said, Reserved) and said.ram_compute_bytes > MIB
            peak = peak_bytes(child.process.pid)
        finally:
            child.process.kill()
            child.process.wait()
        assert peak < limit_mb * 1e6
        assert took_s < limit_s


@pytest.fixture(scope="module")
def gpu():
    assert describe()["gpus"], "llama.cpp sees no GPU: build it for one, on a machine that has one"


@pytest.mark.gpu
@pytest.mark.parametrize("gpu_layers", [0, 1, 12, 22, None])
def test_layers_on_a_gpu_are_allocated_there(gpu, files, gpu_layers):
    path = files["tinyllama"]
    said = reserve(ask(path, gpu_layers=gpu_layers), log())
    reserved = Reservation(said.ram_compute_bytes, said.vram_compute_bytes, said.kv_bytes)
    prediction = predict(
        read_header(path), 2048, "f16", gpu_layers, gpu=True, features=FEATURES, reserved=reserved
    )
    request = Load(
        run=1, path=str(path), n_ctx=2048, gpu_layers=gpu_layers, kv_type="f16", threads=2
    )
    engine = Engine(request, log(), lambda event: None)
    engine.close()
    there = sum(each["allocated_bytes"] for each in engine.memory.devices if on_gpu(each["device"]))
    assert abs(prediction.vram.allocated_bytes - there) < max(64 * MIB, 0.05 * there)
    assert abs(prediction.allocated_bytes - engine.memory.allocated_bytes) < 64 * MIB


@pytest.mark.gpu
def test_what_is_predicted_for_a_gpu_is_what_its_driver_measures(gpu, files):
    """Within 10 %, or 64 MiB for a small model; in a child of its own, as the driver counts processes."""
    machine = Machine()
    run = machine.compare(
        comparison("Tell me about Athens.", [str(files["tinyllama"])], max_tokens=8)
    )
    assert run.wait(100)
    (response,) = run.responses().values()
    machine.close()
    measured, predicted = response.memory.measured_bytes, response.prediction.vram.total_bytes
    print(f"predicted {predicted:,}, measured {measured:,} ({response.memory.scope})")
    assert response.memory.kind == "vram"
    assert abs(predicted - measured) < max(64 * MIB, 0.1 * measured)


def spent_s(pid: int) -> float:
    """Seconds of processor time: what runs beside must not count."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return psutil.Process(pid).memory_info().rss
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def ask(path, **settings) -> Reserve:
    settings = {"n_ctx": 2048, "gpu_layers": None, "kv_type": "f16", **settings}
    return Reserve(run=1, path=str(path), **settings)


def test_a_header_without_its_tensors_is_enough(files, tmp_path):
    whole = reserve(ask(files["tinyllama"]), log())
    header = read_header(files["tinyllama"])
    with open(files["tinyllama"], "rb") as file:
        begins = file.read(header.data_offset)
    path = tmp_path / "header.gguf"
    with open(path, "wb") as file:
        file.write(begins)
        file.truncate(header.file_bytes)
    said = reserve(ask(path), log())
    assert (said.kv_bytes, said.ram_compute_bytes) == (whole.kv_bytes, whole.ram_compute_bytes)


def test_a_child_that_was_asked_loads_as_before(files):
    child = Child()
    try:
        child.hear()
        child.say(ask(files["tiny"], n_ctx=512))
        said = child.hear()
        loaded = child.load(files["tiny"], n_ctx=512)
        assert loaded.memory.kv_bytes == said.kv_bytes
        assert loaded.memory.compute_bytes == said.ram_compute_bytes
        assert child.answer("hi", max_tokens=4).output_tokens == 4
    finally:
        child.process.kill()
        child.process.wait()


def test_what_can_not_be_loaded_is_refused(tmp_path):
    unknown = shapes.tiny(tmp_path / "t.gguf", arch="quux")
    with pytest.raises(EngineError, match="doesn't know the architecture “quux”"):
        reserve(ask(unknown), log())
    with pytest.raises(EngineError, match="can't be read"):
        reserve(ask(tmp_path / "none.gguf"), log())
    child = Child()
    try:
        child.hear()
        child.say(ask(unknown))
        said = child.hear()
        assert isinstance(said, Failed) and "doesn't know the architecture “quux”" in said.message
        child.say(ask(shapes.tiny(tmp_path / "good.gguf")))
        assert isinstance(child.hear(), Reserved)
    finally:
        child.process.kill()
        child.process.wait()
