"""The steps of adding a host over SSH. The host's row exists, as pending, from the login on."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from audit.record import Actor
from provisioning import engine
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from provisioning.operations.host_records import (
    HostConnection,
    HostLogin,
    HostSecrets,
)
from provisioning.operations.host_records import (
    check_connection as check,
)
from provisioning.operations.host_records import (
    check_login as check_way_in,
)
from provisioning.wizards.checks import of_docker, of_ssh, outcome
from provisioning.wizards.install import install_line
from provisioning.wizards.models import Wizard
from sites.models import Host
from sites.schemas import host_out

KEEP: Final = "keep"
_SECRETS: Final = {"key": ("private_key", "passphrase"), "password": ("password",)}


class Connection(HostConnection):
    """Where the host is, as for `host.add`."""

    name: str
    address: str
    username: str
    connection: Literal["ssh"] = "ssh"


class Authentication(HostSecrets):
    """How to log in. "keep" is what the host has already, once it is saved."""

    auth: Literal["generate", "generated", "key", "password", "keep"]


class HostKey(BaseModel):
    """The fingerprint that was compared: saving it approves the key the host offers."""

    model_config = ConfigDict(extra="forbid")
    fingerprint: str = Field(max_length=60)


def check_connection(row: Wizard, given: Connection, actor: Actor) -> None:
    check(given, row.host)


def change_connection(row: Wizard, actor: Actor) -> None:
    """Once there is a host, its row follows what was typed."""
    if row.host:
        _change(row, actor, row.state["connection"])


def check_login(row: Wizard, given: Authentication, actor: Actor) -> None:
    """Secrets of another way in are forgotten at once."""
    wanted = _SECRETS.get(given.auth, ())
    row.secrets = {name: token for name, token in row.secrets.items() if name in wanted}
    if given.auth != KEEP:
        login = given.model_dump(include={"auth", "generated_key"})
        return check_way_in(HostLogin(**_login(row, login)))
    if row.host is None or row.host.credential is None:
        raise VerbError("auth: choose how to log in.", code="required", field="auth", status=422)
    return None


def put_host(row: Wizard, actor: Actor) -> None:
    """The host gets its row, or another login. Its secrets are the host's from here on."""
    login = row.state["authentication"]
    if row.host is None and login["auth"] == KEEP:
        raise VerbError("auth: choose how to log in.", code="required", field="auth", status=422)
    if row.host is None:
        params = {**row.state["connection"], **_login(row, login), "pending": True}
        made = engine.start("host.add", None, actor=actor, params=params)
        row.host = Host.objects.get(pk=made.result["host"])
    elif login["auth"] != KEEP:
        _change(row, actor, _login(row, login))
    row.secrets = {}
    row.state = {**row.state, "authentication": {"auth": KEEP}}


def approve_key(row: Wizard, given: HostKey, actor: Actor) -> None:
    params = {"fingerprint": given.fingerprint}
    engine.start("host.approve-key", _host(row), actor=actor, params=params)


def test(row: Wizard, actor: Actor) -> Operation:
    """The whole way in, by a worker; each step of the wizard shows its part of the answer."""
    return engine.start("host.test", _host(row), actor=actor)


def ssh_result(row: Wizard, operation: Operation) -> dict[str, Any]:
    return outcome(operation, _host(row), of_ssh)


def docker_result(row: Wizard, operation: Operation) -> dict[str, Any]:
    return outcome(operation, _host(row), of_docker)


def not_logged_in(row: Wizard) -> str:
    done = row.host is not None and _outcome(row, "ssh_test") == "passed"
    return "" if done else "Test the login first: it has not worked yet."


def not_tried(row: Wizard) -> str:
    """A host without Docker may be added: its page says what is missing."""
    done = row.host is not None and _outcome(row, "docker_test") in ("passed", "failed")
    return "" if done else "Test Docker first."


def keep_docker_result(row: Wizard, actor: Actor) -> None:
    """One test goes the whole way: what it found of Docker need not be asked again."""
    row.results = {"docker_test": row.results["ssh_test"], **row.results}


def confirm(row: Wizard, actor: Actor) -> None:
    host = _host(row)
    if host.is_pending:
        engine.start("host.confirm", host, actor=actor)


def remove(row: Wizard, actor: Actor) -> None:
    """Only what was never confirmed; nobody types its name, as nothing else knows it yet."""
    if row.host and row.host.is_pending:
        tests = Operation.objects.active().filter(host=row.host, kind="host.test")
        for operation in tests:
            engine.cancel(operation, actor=actor)
        engine.start("host.remove", row.host, actor=actor, confirm_name=row.host.name)
        row.host = None


def about(row: Wizard) -> dict[str, Any]:
    """The host as the API shows it, and the one line that lets SiteFlow in."""
    if row.host is None:
        return {"host": None, "install_line": ""}
    host = host_out(row.host)
    return {"host": host, "install_line": install_line(host["public_key"])}


def _host(row: Wizard) -> Host:
    if row.host is None:
        raise VerbError(
            "The host was removed meanwhile; go back and choose how to log in.", code="not_found"
        )
    return row.host


def _change(row: Wizard, actor: Actor, params: dict[str, Any]) -> None:
    """What the tests found holds for the old way in only."""
    host = _host(row)
    engine.start("host.change", host, actor=actor, params=params)
    before = host.revision
    host.refresh_from_db()
    if host.revision != before:
        row.results = {}


def _login(row: Wizard, login: dict[str, Any]) -> dict[str, Any]:
    """The way in with its secrets, for the engine and nobody else."""
    secrets = {name: row.reveal(name) for name in _SECRETS.get(login["auth"], ())}
    return {**login, **{name: value for name, value in secrets.items() if value}}


def _outcome(row: Wizard, step: str) -> str:
    key = row.results.get(step, {}).get("operation")
    operation = Operation.objects.filter(pk=key).first() if key else None
    if operation is None:
        return ""
    read = ssh_result if step == "ssh_test" else docker_result
    return str(read(row, operation)["status"])
