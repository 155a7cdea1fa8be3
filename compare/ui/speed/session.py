"""What one visitor's Speed tab shows, and the run in progress."""

from dataclasses import dataclass, field

from compare.asked.comparison import Bench
from compare.run.response import Response
from compare.run.run import Run


@dataclass
class Session:
    """What one visitor's tab shows, and the run in progress."""

    run: Run | None = None
    bench: Bench | None = None
    """the last one"""
    colours: dict[str, str] = field(default_factory=dict)
    """of its models, by key"""
    responses: dict[str, Response] = field(default_factory=dict)
    rows: list[dict] = field(default_factory=list)
