"""What a test of a host found, as far as one step of a wizard is concerned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioning.models import Operation
from sites.models import Host

_OF_SSH = ("reach", "key", "login", "shell")


def of_ssh(name: str) -> bool:
    return name in _OF_SSH


def of_docker(name: str) -> bool:
    return name not in _OF_SSH


def outcome(operation: Operation, host: Host, mine: Callable[[str], bool]) -> dict[str, Any]:
    """``status``: waiting, running, passed or failed; and each check with words and advice."""
    checks = [check for check in _checks(operation, host) if mine(check["name"])]
    wrong = next((check for check in checks if check["verdict"] in ("failed", "skipped")), None)
    status = _status(operation, checks, wrong)
    told = wrong or {}
    if status == "failed" and not told:
        told = {"message": operation.message, "advice": operation.advice}
    return {
        "operation": operation.pk,
        "status": status,
        "message": told.get("message", ""),
        "advice": told.get("advice", ""),
        "error_code": told.get("code", "") or ("" if wrong else operation.error_code),
        "checks": checks,
    }


def _checks(operation: Operation, host: Host) -> list[dict[str, Any]]:
    """The verdicts on the host's row, unless they are of an earlier test."""
    begun, written = operation.started_at, host.preflight_at
    return host.preflight if begun and written and written >= begun else []


def _status(
    operation: Operation, checks: list[dict[str, Any]], wrong: dict[str, Any] | None
) -> str:
    if operation.is_active:
        return "waiting" if operation.status == Operation.Status.QUEUED else "running"
    return "failed" if wrong or not checks else "passed"
