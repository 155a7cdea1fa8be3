"""What a model takes, as a person is told it before and after it has run."""

from compare import numbers
from compare.asked.comparison import comparison
from compare.memory.known import known_header
from compare.memory.predict import predict
from compare.models.catalogue import MODELS
from compare.protocol.events import Memory, Predicted
from compare.run.response import Response
from compare.words.column import figures
from compare.words.table import all_measures, allocated_parts, predicted_parts

TINY, SOLAR = "tinyllama:Q8_0", "solar:Q2_K"


def test_the_vram_it_would_take_stands_in_the_table_and_beside_a_gpu_it_doesnt_use():
    header = known_header(MODELS["solar"].shape, "Q2_K")
    here, there = (
        Response().after(Predicted(run=1, at=0.0, prediction=predict(header, 2048, gpu=gpu)))
        for gpu in (False, True)
    )
    beside = Response().after(
        Predicted(run=1, at=0.0, prediction=predict(header, 2048, gpu_layers=0, gpu=True))
    )
    told = numbers.about_size(there.prediction.vram.total_bytes)
    assert figures(beside, 0).instead == f"{told} of VRAM on the GPU"
    assert (
        figures(here, 0).instead
        == figures(there, 0).instead
        == figures(Response(), 0).instead
        == ""
    )
    rows = dict(
        all_measures({TINY: here, SOLAR: there}, comparison("Hello", ["tinyllama", "solar"]))
    )
    assert rows["VRAM instead, on a GPU"] == [told, "–"]


def test_what_is_predicted_is_what_will_be_measured():
    """The process and its vocabulary are measured, too; of a model on the GPU, what is there."""
    header = known_header(MODELS["solar"].shape, "Q2_K")
    in_ram, on_gpu = (predict(header, 2048, gpu=gpu) for gpu in (False, True))
    for predicted, account in ((in_ram, in_ram.ram), (on_gpu, on_gpu.vram)):
        response = Response().after(Predicted(run=1, at=0.0, prediction=predicted))
        about = numbers.about_size(
            account.weights_bytes + account.kv_bytes + account.overhead_bytes
        )
        assert figures(response, 0).small["Memory"] == about
        rows = dict(all_measures({TINY: response}, comparison("Hello", ["tinyllama"])))
        assert rows["Memory, predicted"] == [about]


def test_whole_device_memory_says_so():
    whole = Memory(kind="vram", scope="device", measured_bytes=4_780_000_000)
    rows = dict(all_measures({TINY: Response(memory=whole)}, comparison("Hello", ["tinyllama"])))
    assert rows["Memory, measured"][0] == "4.78\u00a0GB VRAM of the whole device"


def test_the_account_of_memory_is_told_in_parts():
    memory = Memory(weights_bytes=90, kv_bytes=9, compute_bytes=1)
    assert allocated_parts(Response(memory=memory)) == {
        "weights": 90, "KV cache": 9, "compute": 1,
    }  # fmt: skip
    assert allocated_parts(Response()) == predicted_parts(Response()) == {}
