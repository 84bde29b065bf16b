"""python -m tests.hostile.schemathesis --cases 10000: the long form of `test_schema.py`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    variables = {**os.environ, "SCHEMA_CASES": str(parser.parse_args().cases)}
    argv = [sys.executable, "-m", "pytest", "tests/hostile/test_schema.py", "-q", "-s"]
    return subprocess.run(argv, env=variables).returncode


if __name__ == "__main__":
    sys.exit(main())
