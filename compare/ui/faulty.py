"""What is wrong in a tab's fields, said where it stands: for faults.js, by the id of each field."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from compare.usage import Faults, UsageError

SHOW_FAULTS = "told => showFaults(JSON.parse(told))"
"""With a field that holds what `at_fields` told as `inputs`."""


def at_fields(read: Callable[[], Any], ids: Mapping[str, str]) -> str:
    """What is wrong in what `read` reads, by the ids that fields have on the page; none where it is said
    elsewhere."""
    try:
        read()
    except Faults as error:
        return json.dumps({ids[name]: said for name, said in error.said.items()})
    except UsageError:
        return "{}"
    return "{}"
