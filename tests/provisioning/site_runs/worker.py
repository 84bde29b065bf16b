"""One operation, run in a process of its own as a worker does: give its key."""

from __future__ import annotations

import sys

import django


def main(key: int) -> None:
    django.setup()
    from provisioning import engine  # noqa: PLC0415 - not before the settings are there

    print("begins", flush=True)
    engine.run(key)


if __name__ == "__main__":
    main(int(sys.argv[1]))
