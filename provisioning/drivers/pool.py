"""The drivers this process keeps: one per host, made anew when the way to the host changes."""

from __future__ import annotations

import os
import threading

from provisioning.drivers.connection import Connection
from provisioning.drivers.host import HostDriver
from provisioning.drivers.local import LocalHost
from provisioning.drivers.ssh import SshHost
from provisioning.drivers.target import LocalTarget, SshTarget, Target

_lock = threading.Lock()
_hosts: dict[str, SshHost | LocalHost] = {}


def host_driver(target: Target) -> HostDriver:
    """The kept driver for this target; connecting happens when it is first used.

    A target that differs in anything (address, credential, pinned key, jump host) closes the
    driver of that name and gets a new one.
    """
    with _lock:
        kept = _hosts.get(target.name)
        if kept is not None and kept.target == target:
            return kept
        made = _hosts[target.name] = _make(target)
    if kept is not None:
        kept.close()
    return made


def _make(target: Target) -> SshHost | LocalHost:
    if isinstance(target, LocalTarget):
        return LocalHost(target)
    return SshHost(target, via=_jump(target))


def _jump(target: SshTarget) -> Connection | None:
    """The jump host's own kept connection, shared with its own driver and other hosts behind it."""
    if target.via is None:
        return None
    kept = _hosts.get(target.via.name)
    if not isinstance(kept, SshHost) or kept.target != target.via:
        if kept is not None:
            threading.Thread(target=kept.close, name="close-driver", daemon=True).start()
        kept = _hosts[target.via.name] = SshHost(target.via, via=_jump(target.via))
    return kept.calls


def forget(name: str) -> None:
    """Close the driver of the host of this name, if there is one."""
    with _lock:
        kept = _hosts.pop(name, None)
    if kept is not None:
        kept.close()


def close_all() -> None:
    with _lock:
        kept = list(_hosts.values())
        _hosts.clear()
    for host in kept:
        host.close()


def close_idle(after_s: float = 300.0) -> None:
    """Close the connections nobody has used for ``after_s`` seconds; they come back when needed."""
    with _lock:
        kept = list(_hosts.values())
    for host in kept:
        host.close_idle(after_s)


def _after_fork() -> None:
    """In a forked child: forget the parent's connections without saying goodbye on them."""
    global _lock
    _lock = threading.Lock()
    _hosts.clear()


os.register_at_fork(after_in_child=_after_fork)
