"""Real hosts for tests, benchmarks and for trying things out; see README.md."""

from tests.lab.command import LabError
from tests.lab.host import Host
from tests.lab.lab import Lab

__all__ = ["Host", "Lab", "LabError"]
