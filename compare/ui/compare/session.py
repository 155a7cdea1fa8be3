"""What one visitor's Compare tab shows, and the run in progress."""

from dataclasses import dataclass, field

from compare.asked.comparison import Comparison
from compare.gallery.judge import Verdict
from compare.run.response import Response
from compare.run.run import Run
from compare.ui.compare.column import Updates
from compare.ui.menu import Choice


@dataclass
class Session:
    """What one visitor's page shows, and the run in progress."""

    chosen: dict[int, Choice] = field(default_factory=dict)
    """what each open column shows, by its place"""
    run: Run | None = None
    comparison: Comparison | None = None
    """the last one; the columns named in `keys` show its responses"""
    keys: dict[int, str] = field(default_factory=dict)
    reason: str | None = None
    """why the page opened with the models it did, until others are chosen"""
    responses: dict[str, Response] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """of finished answers to a prompt of the gallery"""
    watches: bool = False
    """whether the page is being told how far downloads are"""
    holds: Updates = field(default_factory=dict)
    """the value of each part of the page, for a run to repeat"""

    def shown(self) -> dict[str, Response]:
        """The responses on the page, in the order of their columns."""
        keys = [self.keys[place] for place in sorted(self.keys)]
        return {key: self.responses[key] for key in keys if key in self.responses}
