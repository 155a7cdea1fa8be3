"""A model to fetch, and Hubs on loopback that have it."""

import pytest
import shapes
from downloads import FILE, REPO, SOLAR_FILE, SOLAR_REPO
from loopback import Hub


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> bytes:
    """A real GGUF of some size: what follows its tensors is ignored."""
    path = shapes.tiny(tmp_path_factory.mktemp("m") / "t.gguf", says="I am so tiny.", ends=True)
    return path.read_bytes() + bytes(6_000_000)


@pytest.fixture
def serve(model):
    hubs = []

    def start(**behaviour) -> Hub:
        files = {f"{REPO}/{FILE}": model, f"{SOLAR_REPO}/{SOLAR_FILE}": model}
        hub = Hub(files, **behaviour).__enter__()
        hubs.append(hub)
        return hub

    yield start
    for hub in hubs:
        hub.__exit__()
