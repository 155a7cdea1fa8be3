"""The child with all its threads, whatever else runs: what it is held against that works with those that pay.

python tests/performance/steady.py
"""

from compare.child import answer, worker
from compare.child.pace import Pace


class Steady(Pace):
    """Looks at nothing."""

    def read(self, now, processor_s):
        return self.threads

    def wrote(self, now, processor_s):
        return self.threads


answer.Pace = Steady

if __name__ == "__main__":
    worker.main()
