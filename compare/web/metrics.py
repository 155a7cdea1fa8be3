"""Figures of this app's runs, for Prometheus: counted since it began, or as they are when it asks.

Names as prometheus.io/docs/practices/naming has them: base units, `_total` for what only grows.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, exposition
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from compare.memory.free import children_bytes
from compare.run.machine import Machine
from compare.run.run import Run
from compare.web.log import kind_of

PREFIX = "gguf_side_by_side"
SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""the upper ends of what is counted together; models differ a thousandfold"""


class Metrics:
    """Hears of runs, and counts them."""

    media_type = exposition.CONTENT_TYPE_LATEST

    def __init__(self, machine: Machine):
        self._registry = CollectorRegistry()
        self._registry.register(_Now(machine))
        self._runs = self._counter("runs", "Runs that have ended, by how.", "kind", "state")
        self._failures = self._counter(
            "failures", "Models that failed, by what they did then.", "stage"
        )
        self._tokens = self._counter("tokens", "Tokens read and written.", "direction")
        self._answers = self._histogram("answer_seconds", "From a request taken up to its end.")
        self._first = self._histogram("first_token_seconds", "From there to the first token.")

    def __call__(self, run: Run) -> None:
        responses = run.responses().values()
        states = {response.state for response in responses}
        worst = next((each for each in ("failed", "cancelled") if each in states), "finished")
        self._runs.labels(kind_of(run.comparison), worst).inc()
        for response in responses:
            measures = response.measures
            if response.state == "failed":
                self._failures.labels(response.stage).inc()
            self._tokens.labels("read").inc(response.evaluated_tokens or 0)
            self._tokens.labels("written").inc(response.output_tokens)
            for histogram, seconds in (
                (self._answers, measures.total_s), (self._first, measures.ttft_s),
            ):  # fmt: skip
                if seconds is not None:
                    histogram.observe(seconds)

    def text(self) -> bytes:
        """As they are now, in Prometheus's own format."""
        return exposition.generate_latest(self._registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", about, labels, registry=self._registry)

    def _histogram(self, name: str, about: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", about, registry=self._registry, buckets=SECONDS)


class _Now(Collector):
    """What is looked up when it is asked for."""

    def __init__(self, machine: Machine):
        self._machine = machine

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        count, in_memory = children_bytes()
        for name, about, value in (
            ("line_runs", "Runs that wait while one is in progress.", self._machine.line.waiting),
            ("children", "Processes that hold a model, or did.", count),
            ("children_memory_bytes", "What these have in memory together.", in_memory),
        ):
            yield GaugeMetricFamily(f"{PREFIX}_{name}", about, value)
