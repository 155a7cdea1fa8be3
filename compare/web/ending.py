"""How the app ends: asked to by SIGTERM or SIGINT at any moment, as a container's first process too.

Such a process hears no signal that it has no handler for. Imported before all else, so that it is heard
while the rest is still imported.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STATUS = {signal.SIGTERM: 0, signal.SIGINT: 128 + signal.SIGINT}
"""What the process ends with: asked to, it did; interrupted, as a shell has it."""
END_S = 9.0
"""By then it is gone, whatever still hangs. Container hosts kill after ten seconds (docker stop)."""


def heed() -> None:
    """From now on these signals end the process by SystemExit in its main thread; a second one at once.

    What a shell started in the background ignores SIGINT, and goes on to.
    """
    for number in STATUS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, _frame: object) -> None:
    for each in STATUS:
        signal.signal(each, lambda *_: os._exit(STATUS[number]))
    sys.exit(STATUS[number])


def wait() -> None:
    """Until a signal ends it. Which thread hears that is the system's choice, as where the process was just
    woken from a stop; but only here, in the main one, Python acts on it, and so it is woken for it.
    """
    heard, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    while True:
        heard.recv(1)


@contextmanager
def in_time() -> Iterator[None]:
    """Around what is to be done at the end. What takes longer is left undone.

    Models' processes end by themselves where this one is gone.
    """
    error = sys.exception()
    status = error.code if isinstance(error, SystemExit) else 1
    late = threading.Timer(END_S, os._exit, (status,))
    late.daemon = True
    late.start()
    yield
    late.cancel()
