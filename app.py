"""The Space's entry, and the app at home.

`python app.py a.gguf b.gguf` adds files of one's own to the menus.
"""

import os
import sys
import threading

from compare.asked.owner import Owner
from compare.models.spec import ModelFile, resolve
from compare.run.machine import Machine
from compare.ui.page import launch_settings, page
from compare.usage import UsageError


def own_files(paths: list[str]) -> tuple[ModelFile, ...]:
    """The files named on the command line. Raises UsageError where one is missing or named twice."""
    for path in paths:
        if not os.path.isfile(os.path.expanduser(path)):
            raise UsageError(f"There is no file “{path}”. Name .gguf files of this machine.")
    return resolve([os.path.abspath(os.path.expanduser(path)) for path in paths]) if paths else ()


try:
    owner = Owner.from_environ()
    machine = Machine(owner, own_files(sys.argv[1:] if __name__ == "__main__" else []))
except UsageError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
demo = page(machine)

if __name__ == "__main__":
    threading.Thread(target=machine.start_pair, daemon=True).start()
    demo.launch(
        server_name="0.0.0.0" if os.environ.get("SPACE_ID") else None,
        server_port=owner.port,
        **launch_settings(),
    )
