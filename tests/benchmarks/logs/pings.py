"""Another socket of the same console: how long its pings wait, measured by a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

from websockets.sync.client import connect
from websockets.typing import Origin


class Pings:
    """Begins at once; ``stop`` gives the waits in seconds."""

    def __init__(self, url: str, cookies: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.logs.pings", url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.write(f"{cookies}\n")
        self._process.stdin.flush()

    def stop(self) -> list[float]:
        told, _ = self._process.communicate("stop\n", timeout=30)
        return list(json.loads(told))


def main(url: str) -> None:
    cookies = sys.stdin.readline().strip()
    stopped = threading.Event()

    def wait() -> None:
        sys.stdin.readline()
        stopped.set()

    threading.Thread(target=wait, daemon=True).start()
    waits = []
    with connect(
        f"{url.replace('http', 'ws')}/api/ws", origin=Origin(url),
        additional_headers={"Cookie": cookies}, max_size=None,
    ) as socket:  # fmt: skip
        while not stopped.wait(0.1):
            begun = time.monotonic()
            socket.send('{"type":"ping"}')
            while '"pong"' not in str(socket.recv(timeout=30)):
                pass
            waits.append(time.monotonic() - begun)
    print(json.dumps(waits))


if __name__ == "__main__":
    main(sys.argv[1])
