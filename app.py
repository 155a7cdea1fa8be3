"""The Space's entry, and the app at home.

`python app.py a.gguf models/` adds files of one's own to the menus, or all in a folder.
"""

import sys
import threading
from functools import partial

from compare.web import ending

if __name__ == "__main__":
    ending.heed()  # before the rest is imported, which takes a while

# isort: split

import httpx

from compare.asked.owner import Owner, is_zerogpu
from compare.memory.admission import Gate
from compare.models.own import own_files
from compare.models.spec import ModelFile
from compare.models.surroundings import without_secrets
from compare.run import zerogpu
from compare.run.machine import Machine
from compare.ui.page import launch_settings, page
from compare.usage import UsageError
from compare.web.log import Log
from compare.web.metrics import Metrics

AGAIN_S = 300.0
"""What could not be fetched ahead is tried again so often."""


def tell(sentence: str) -> None:
    print(without_secrets(sentence), file=sys.stderr, flush=True)


def machine_of(owner: Owner, own: tuple[ModelFile, ...]) -> Machine:
    """This machine; on ZeroGPU with the GPU that its owner lets visitors use. Raises UsageError."""
    lend = zerogpu.declare() if is_zerogpu() else None
    if lend is None or not owner.zerogpu:
        return Machine(owner, own)
    return Machine(owner, own, gate=Gate(zerogpu.LeasedGpus), lease=zerogpu.Leases(lend))


try:
    owner = Owner.from_environ()
    machine = machine_of(owner, own_files(sys.argv[1:] if __name__ == "__main__" else []))
except UsageError as error:
    tell(str(error))
    sys.exit(2)
metrics = Metrics(machine) if owner.metrics else None
machine.on_end += filter(None, [Log(tell, prompts=owner.log_prompts), metrics])
probing = threading.Thread(target=machine.start_pair, daemon=True)
if __name__ == "__main__":
    probing.start()
demo = page(machine)

if __name__ == "__main__":
    fetching = partial(machine.fetch_ahead, tell, AGAIN_S)
    threading.Thread(target=fetching, daemon=True).start()
    # Once it is known whether the Hub can be reached, no page ever waits for that.
    probing.join()
    try:
        place = {"server_name": owner.address, "server_port": owner.port}
        demo.launch(**place, **launch_settings(metrics), prevent_thread_lock=True)
        ending.wait()
    except OSError:
        tell(
            f"The page can't be served at {owner.address or '127.0.0.1'}, port {owner.port}: the port is in "
            "use, or it is no address of this machine. Set PORT or GRADIO_SERVER_NAME."
        )
        sys.exit(1)
    except (RuntimeError, httpx.HTTPError) as error:
        if not is_zerogpu():
            raise
        tell(
            f"ZeroGPU's service doesn't answer as it should ({type(error).__name__}), and without it no page "
            "is served. Restart the Space."
        )
        sys.exit(1)
    finally:
        with ending.in_time():
            machine.close()
            demo.close(verbose=False)
