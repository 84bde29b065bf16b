"""The one path of every change: accept, run, sweep.

`start` accepts an operation: permission, lock and the audit's intent in one transaction. `run` is
what a worker does when the doorbell rings. `sweep` finds what was lost on the way.
"""

from provisioning.engine.accept import start, start_many
from provisioning.engine.control import cancel, retry
from provisioning.engine.errors import Busy, EngineError, Refused
from provisioning.engine.sweep import sweep
from provisioning.engine.worker import run

__all__ = [
    "Busy",
    "EngineError",
    "Refused",
    "cancel",
    "retry",
    "run",
    "start",
    "start_many",
    "sweep",
]
