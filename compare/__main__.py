import os
import signal

# What a shell started in the background ignores it, and goes on to.
if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))

from compare.cli.main import main

if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
main()
