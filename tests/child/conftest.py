"""A child of its own for each test, and the embedded models' files."""

import pytest
from children import Child, fetched


@pytest.fixture
def child():
    made = Child()
    yield made
    made.process.kill()
    made.process.wait()
    made.process.stdin.close()
    made.process.stdout.close()


@pytest.fixture(scope="module")
def smollm2() -> str:
    return fetched("smollm2")


@pytest.fixture(scope="module")
def gemma3() -> str:
    return fetched("gemma3")
