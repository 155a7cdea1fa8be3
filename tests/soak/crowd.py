"""Visitors who ask and then wait, as a process of their own: `python -m soak.crowd ADDRESS COUNT`."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from soak.stage import client_of, values


def main() -> None:
    address, count = sys.argv[1], int(sys.argv[2])
    with ThreadPoolExecutor(4) as pool:
        clients = list(pool.map(lambda _: client_of(address), range(count)))
    jobs = [
        client.submit(**values(f"Wait {n}."), api_name="/run") for n, client in enumerate(clients)
    ]
    while not all(job.done() for job in jobs):
        time.sleep(1)


if __name__ == "__main__":
    main()
