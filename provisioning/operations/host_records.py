"""Verbs on our own record of a host: they reach no host and end at once."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import F, ProtectedError, Q
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from provisioning import reach
from provisioning.drivers import keys
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.models import Operation
from provisioning.operations import host_new_keys
from provisioning.operations.contract import Op, VerbError
from provisioning.permission import holds
from provisioning.targets import MAX_JUMPS
from sites.granting import take_away
from sites.models import Credential, Grant, Host

# What decides where a host is and how to get in: changing it makes all connections outdated.
_WAY_IN = {"connection", "address", "port", "username", "sudo", "via", "docker_socket"}
_NOT_COLUMNS = {"auth", "private_key", "passphrase", "password", "generated_key", "pending"}
_MANAGE = "sites.manage_host"
_ANOTHER_MACHINE = {"connection", "address", "port", "via"}


class HostConnection(BaseModel):
    """Where a host is. Times in seconds. ``via`` is the key of the jump host."""

    model_config = ConfigDict(extra="forbid")
    name: str | None = None
    connection: Literal["ssh", "local"] | None = None
    address: str | None = None
    port: int | None = None
    username: str | None = None
    sudo: bool | None = None
    via: int | None = None
    docker_socket: str | None = None
    connect_timeout_s: int | None = None
    command_timeout_s: int | None = None


class HostSecrets(BaseModel):
    """What one gets in with."""

    model_config = ConfigDict(extra="forbid")
    generated_key: UUID | None = None
    private_key: SecretStr | None = Field(default=None, max_length=20_000)
    passphrase: SecretStr | None = Field(default=None, max_length=1_000)
    password: SecretStr | None = Field(default=None, max_length=1_000)


class HostLogin(HostSecrets):
    """How to get in. "generate" makes a key pair now, "generated" takes ``generated_key``."""

    auth: Literal["generate", "generated", "key", "password"] | None = None


class HostFields(HostLogin, HostConnection):
    """What may be said of a host."""


class NewHost(HostFields):
    """``pending``: it is only being set up. Nobody watches it before `host.confirm`."""

    name: str
    pending: bool = False


class Fingerprint(BaseModel):
    """As `ssh-keygen -lf` prints it on the host: SHA256:…"""

    model_config = ConfigDict(extra="forbid")
    fingerprint: str = Field(max_length=60)


def add(op: Op, host: HostDriver) -> None:
    """A new host. Its key is still to be approved: nothing is sent to it before that."""
    row = Host(state=Host.State.SETUP_PENDING if op.params.pending else Host.State.NEW)
    given = _given(op.params)
    _may_jump(op, given.get("via"))
    if given.get("connection", "ssh") == "ssh":
        _required(given, "address", "username")
    _assign(row, given)
    _set_credential(row, op, required=row.connection == Host.Connection.SSH)
    row.save()
    _took_place(op, row, before=None)
    reach.publish_host(row.pk)


def change(op: Op, host: HostDriver) -> None:
    """Another address or port means another machine: its key must be approved anew."""
    row: Host = Host.objects.select_for_update().get(pk=op.target.pk)
    before, given = _shown(row), _given(op.params)
    _stays_in_reach(op, row, given)
    _assign(row, given)
    old = row.credential
    if op.params.auth:
        _set_credential(row, op, required=True)
    changed = {name for name in given if before.get(name) != _shown(row).get(name)}
    if changed & _ANOTHER_MACHINE:
        row.host_key = row.offered_key = row.approved_by = ""
        row.approved_at = None
        row.state = row.state if row.is_pending else Host.State.NEW
        row.preflight, row.preflight_at = [], None
    if changed & _WAY_IN or op.params.auth:
        row.revision += 1
    row.version += 1
    row.save()
    if old and old != row.credential:
        old.delete()
    _took_place(op, row, before=before)
    reach.publish_host(row.pk)


def confirm(op: Op, host: HostDriver) -> None:
    """Ends the set-up of a host: from now on it is watched like the others."""
    row: Host = Host.objects.select_for_update().get(pk=op.target.pk)
    if not row.is_pending:
        raise VerbError(f"{row.name} is set up already.", code="conflict")
    if row.connection == Host.Connection.SSH and not row.host_key:
        raise VerbError(f"Approve the host key of {row.name} first.", code="host_key_unknown")
    row.state, row.state_since = Host.State.NEW, timezone.now()
    row.error_code = row.error = row.advice = ""
    row.version += 1
    row.save(update_fields=["state", "state_since", "error_code", "error", "advice", "version"])
    op.remember(before={"state": Host.State.SETUP_PENDING}, after={"state": row.state})
    op.conclude(f"{row.name} is set up; SiteFlow begins to watch it.", host=row.pk)
    reach.publish_host(row.pk)


def remove(op: Op, host: HostDriver) -> None:
    """Forgets a host, all that was known of it and the roles given for it, each on record.

    On the host itself nothing is touched.
    """
    row: Host = Host.objects.select_for_update().get(pk=op.target.pk)
    busy = Operation.objects.active().filter(host=row).exclude(kind="host.remove").first()
    if busy:
        raise VerbError(
            f"{row.name} is busy with {busy.kind} (operation {busy.pk}); wait or cancel it first.",
            code="busy",
        )
    op.remember(before=_shown(row))
    credential = row.credential
    key = row.pk
    for grant in Grant.objects.filter(Q(host=row) | Q(site__host=row)):
        take_away(grant, actor=op.actor)
    try:
        row.delete()
    except ProtectedError:
        raise VerbError(
            f"Other hosts are reached through {row.name}; change their jump host first.",
            code="in_use",
        ) from None
    if credential:
        credential.delete()
    reach.publish_host(key)


def approve_key(op: Op, host: HostDriver) -> None:
    """Pins the key the host has offered, if its fingerprint is the one that was compared."""
    row: Host = Host.objects.select_for_update().get(pk=op.target.pk)
    if not row.offered_key:
        raise VerbError(
            f"{row.name} has not offered a new key; test the host first.", code="nothing_offered"
        )
    if op.params.fingerprint != row.offered_fingerprint:
        raise VerbError(
            f"{row.name} offers {row.offered_fingerprint}, which is not the fingerprint given.",
            code="fingerprint_mismatch",
            field="fingerprint",
        )
    op.remember(before={"host_key": row.host_key_fingerprint})
    Host.objects.filter(pk=row.pk).update(
        host_key=row.offered_key,
        offered_key="",
        approved_at=op.row.created_at,
        approved_by=op.actor.name[:150],
        state=row.state if row.is_pending else Host.State.NEW,
        error_code="",
        error="",
        advice="",
        revision=F("revision") + 1,
        version=F("version") + 1,
    )
    op.remember(after={"host_key": op.params.fingerprint})
    op.conclude(f"The host key of {row.name} is approved.", fingerprint=op.params.fingerprint)
    reach.publish_host(row.pk)


def check_connection(params: HostConnection, row: Host | None = None) -> None:
    """Whether `add` or, for ``row``, `change` would take this. VerbError names the field."""
    given = _given(params)
    if given.get("connection", "ssh") == "ssh":
        _required(given, "address", "username")
    _assign(Host.objects.get(pk=row.pk) if row else Host(), given)


def check_login(params: HostLogin) -> None:
    """The same for the way in, as far as it can be told without the host."""
    if params.auth == "password" and not params.password:
        _required({}, "password")
    if params.auth == "generated" and not params.generated_key:
        _required({}, "generated_key")
    if params.auth == "key":
        _key_pair(params, "")


def _given(params: HostConnection) -> dict[str, Any]:
    given = params.model_dump(exclude_unset=True, exclude_none=True, exclude=_NOT_COLUMNS)
    if "via" in params.model_fields_set:  # null is an answer here: no jump host
        given["via"] = params.via
    return given


def _required(given: dict[str, Any], *names: str) -> None:
    for name in names:
        if not given.get(name):
            raise VerbError(f"{name}: this is needed.", code="required", field=name, status=422)


def _assign(row: Host, given: dict[str, Any]) -> None:
    for name, value in given.items():
        setattr(row, f"{name}_id" if name == "via" else name, value)
    try:
        row.full_clean(exclude=["credential"])
    except ValidationError as error:
        field, reasons = next(iter(error.message_dict.items()))
        raise VerbError(f"{field}: {reasons[0]}", code="invalid", field=field, status=422) from None
    _no_circle(row)


def _stays_in_reach(op: Op, row: Host, given: dict[str, Any]) -> None:
    """A right on one host ends at that host: it leads neither to others nor to this machine."""
    now = _shown(row)
    changed = {name for name in given if given[name] != now[name]}
    local = given.get("connection", row.connection) == Host.Connection.LOCAL
    if local and changed & {"connection", "docker_socket"} and not holds(op.actor, _MANAGE, None):
        raise _beyond("connection", "this machine's own Docker is for who manages all hosts.")
    if "via" in changed:
        _may_jump(op, given["via"])
    elif row.via and changed & _ANOTHER_MACHINE and not holds(op.actor, _MANAGE, row.via):
        raise _beyond("address", f"{row.name} is reached through another host; who manages that "
                      "one as well can change where it leads.")  # fmt: skip


def _beyond(field: str, words: str) -> VerbError:
    return VerbError(f"{field}: {words}", code="forbidden", field=field, status=403)


def _may_jump(op: Op, via: int | None) -> None:
    """A jump host is used with its own key: only who manages it may lead others through it."""
    jump = Host.objects.filter(pk=via).first() if via is not None else None
    if via is not None and not (jump and holds(op.actor, _MANAGE, jump)):
        raise VerbError(f"via: there is no host {via}.", code="invalid", field="via", status=422)


def _no_circle(row: Host) -> None:
    step, seen = row.via, 0
    while step is not None:
        seen += 1
        if step.pk == row.pk or seen > MAX_JUMPS:
            raise VerbError(
                "The jump hosts form a circle or too long a chain.",
                code="invalid",
                field="via",
                status=422,
            )
        step = step.via


def _set_credential(row: Host, op: Op, *, required: bool) -> None:
    params: HostFields = op.params
    if not params.auth:
        return _required({}, "auth") if required else None
    if params.auth == "generated":
        row.credential = host_new_keys.claim(params.generated_key, user_id=op.actor.user_id)
        return None
    row.credential = row.credential or Credential()
    secret = _fill(row.credential, params, comment=f"siteflow@{row.name}")
    row.credential.seal(secret)
    row.credential.save()
    return None


def _fill(credential: Credential, params: HostLogin, *, comment: str) -> str:
    """Sets the public side of a credential; returns the secret to seal."""
    if params.auth == "password":
        if not params.password:
            _required({}, "password")
        credential.kind, credential.public_key = Credential.Kind.PASSWORD, ""
        credential.fingerprint = ""
        return params.password.get_secret_value() if params.password else ""
    pair = _key_pair(params, comment)
    credential.kind, credential.public_key = Credential.Kind.KEY, pair.public_line
    credential.fingerprint = pair.fingerprint
    return pair.private_text


def _key_pair(params: HostLogin, comment: str) -> keys.KeyPair:
    if params.auth == "generate":
        return keys.generate_ed25519(comment)
    if not params.private_key:
        _required({}, "private_key")
    assert params.private_key  # noqa: S101  (for the type checker)
    passphrase = params.passphrase.get_secret_value() if params.passphrase else None
    try:
        return keys.read_private_key(params.private_key.get_secret_value(), passphrase)
    except DriverError as error:
        raise VerbError(error.message, code=error.code, field="private_key", status=422) from None


def _shown(row: Host) -> dict[str, Any]:
    """What the audit keeps of a host: everything an admin sets, nothing secret."""
    return {
        "name": row.name,
        "connection": row.connection,
        "address": row.address,
        "port": row.port,
        "username": row.username,
        "sudo": row.sudo,
        "via": row.via_id,
        "docker_socket": row.docker_socket,
        "connect_timeout_s": row.connect_timeout_s,
        "command_timeout_s": row.command_timeout_s,
        "credential": row.credential.fingerprint if row.credential else "",
    }


def _took_place(op: Op, row: Host, *, before: dict[str, Any] | None) -> None:
    op.remember(before=before, after=_shown(row))
    public_key = row.credential.public_key if row.credential else ""
    op.conclude(f"{row.name} is saved.", host=row.pk, public_key=public_key)
