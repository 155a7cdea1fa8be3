"""The row of a Space's day: bursts of visitors, idle hours in which models are unloaded, restarts."""

import random
import time

from performance.report import AT_MOST, Line, Sample
from performance.stage import until

from soak.stage import App, all_at_once, app, tell

DAY = (
    Line("day", "visitors neither served nor politely refused in a day", "", 0, AT_MOST, "of them"),
    Line("day-memory", "the app's memory after its last hour", "after its second", 1.1, AT_MOST),
    Line("day-descriptors", "its open descriptors", "after its second hour", 1.1, AT_MOST),
    Line("day-models", "models that stay loaded in idle hours", "", 0, AT_MOST, "of them"),
)  # fmt: skip
SEED = 17


def day(
    hours: int = 24, hour_s: float = 50.0, burst: int = 12, idle_s: float = 10.0, restarts: int = 2
) -> Sample:
    """So many hours, each of so many seconds: a burst, then nobody. It restarts now and then."""
    chance, found = random.Random(SEED), {line.name: 0.0 for line in DAY}
    served = 0
    for part in range(restarts + 1):
        first, last = (hours * n // (restarts + 1) for n in (part, part + 1))
        with app(COMPARE_LINE="10", COMPARE_IDLE_SECONDS=str(idle_s)) as running:
            left = []
            for hour in range(first, last):
                began_at = time.monotonic()
                visitors = chance.randint(1, burst)
                visits = all_at_once(running.address, range(hour * 100, hour * 100 + visitors))
                failed = [visit for visit in visits if visit.state == "failed" or visit.mixed]
                tell(failed)
                found["day"] += len(failed)
                served += len(visits)
                until(lambda r=running: not models(r), idle_s + 30, "Models are unloaded")
                if hour_s:
                    until(lambda r=running: not r.connections(), 60, "All have left")
                left.append((running.own_bytes(), running.descriptors()))
                time.sleep(max(0.0, began_at + hour_s - time.monotonic()))
            found["day-models"] += models(running)
            (before_bytes, before_fds), (after_bytes, after_fds) = (
                left[min(1, len(left) - 1)],
                left[-1],
            )
            found["day-memory"] = max(found["day-memory"], after_bytes / before_bytes)
            found["day-descriptors"] = max(found["day-descriptors"], after_fds / before_fds)
            found["day"] += running.tracebacks()
    return found | {"visitors": served, "hours": hours, "restarts": restarts}


def models(running: App) -> int:
    """How many processes of models there are."""
    return len(running.family) - 1
