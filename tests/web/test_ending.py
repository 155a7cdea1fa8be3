"""How the app ends, on its own."""

import subprocess
import sys

HEARD_ELSEWHERE = """
import signal, threading
from compare.web import ending

def elsewhere():
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

ending.heed()
threading.Timer(0.3, elsewhere).start()
ending.wait()
"""


def test_a_signal_that_another_thread_hears_ends_the_app():
    """As the system chooses where the first one is busy with a signal: it was just woken from a stop."""
    ended = subprocess.run([sys.executable, "-c", HEARD_ELSEWHERE], timeout=20, check=False)
    assert ended.returncode == 0
