"""How long visitors of a server wait, and how fast answers come, for 1, 4 and 16 at once. By hand:

    PYTHONPATH=. python tests/serve/visitors.py URL MODEL [TOKENS]

Each asks once, all at the same time. Prints a line of Markdown for each number.
"""

import statistics
import sys
import time

from compare.asked.comparison import comparison
from compare.asked.owner import Owner
from compare.remote.servers import Server
from compare.run.machine import Machine

NUMBERS = 1, 4, 16


def main(url: str, model: str, tokens: str = "64") -> None:
    machine = Machine(
        Owner(servers=(Server("it", url, stall_s=600),), servers_at_once=max(NUMBERS))
    )
    asked = comparison("Tell a long story.", [f"@it/{model}"], max_tokens=int(tokens))
    machine.compare(asked).wait()
    print("| visitors | first token, median | slowest | tok/s of each, median | all together |")
    print("| --- | --- | --- | --- | --- |")
    for number in NUMBERS:
        began_at = time.monotonic()
        runs = [machine.compare(asked) for _ in range(number)]
        for run in runs:
            run.wait()
        took_s = time.monotonic() - began_at
        responses = [response for run in runs for response in run.responses().values()]
        if any(response.state != "finished" for response in responses):
            sys.exit("\n".join({response.error or response.state for response in responses}))
        first_s = [response.ttft_s for response in responses]
        rate = statistics.median(response.decode_tps for response in responses)
        whole = sum(response.output_tokens for response in responses) / took_s
        print(
            f"| {number} | {statistics.median(first_s):.2f} s | {max(first_s):.2f} s "
            f"| {rate:.1f} | {whole:.1f} tok/s |"
        )
    machine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
