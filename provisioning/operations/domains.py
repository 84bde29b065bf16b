"""Verbs on our own rows of domains: they reach no host and end at once.

The host's proxy serves what they say from its next `proxy.sync` on, or the site's next release.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import bcrypt
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from provisioning.certificates.models import check_soon
from provisioning.drivers.caddy_check import MAX_ROUTES, MAX_USERS, is_path, is_user
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from provisioning.permission import holds
from provisioning.proxy.names import BadName, domain_name
from sites.models import Domain, Site

MAX_DOMAINS: Final = 100  # of one site
_COST: Final = 12
_MAX_PASSWORD_BYTES: Final = 72  # bcrypt looks at no more
_SERVICE: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
_FIELDS: Final = ("kind", "tls", "service", "port", "routes", "access_log")


class RouteIn(BaseModel):
    """Requests below ``path`` go to ``service``; without ``port`` to the one it exposes."""

    model_config = ConfigDict(extra="forbid")
    path: str = Field(max_length=200)
    service: str = Field(max_length=63, pattern=_SERVICE)
    port: int | None = Field(default=None, ge=1, le=65_535)


class DomainFields(BaseModel):
    """``service`` empty: the site's web service. ``port`` 0: the one that its image exposes."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["primary", "alias", "redirect"] | None = None
    tls: Literal["acme", "internal", "off"] | None = None
    service: str | None = Field(
        default=None, max_length=63, pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]*)?$"
    )
    port: int | None = Field(default=None, ge=0, le=65_535)
    routes: list[RouteIn] | None = Field(default=None, max_length=MAX_ROUTES)
    access_log: bool | None = None


class NewDomain(DomainFields):
    """The first domain of a site is its primary one, others are aliases if nothing is said."""

    name: str = Field(max_length=300)


class Password(BaseModel):
    """``password`` is hashed by bcrypt, which looks at 72 bytes and no more."""

    model_config = ConfigDict(extra="forbid")
    username: str = Field(max_length=64)
    password: SecretStr = Field(min_length=1, max_length=_MAX_PASSWORD_BYTES)


class Username(BaseModel):
    model_config = ConfigDict(extra="forbid")
    username: str = Field(max_length=64)


def add(op: Op, host: HostDriver) -> None:
    """Gives a site a domain. A name is served once, on whichever host."""
    site: Site = op.target
    name = _named(op.params.name)
    _one_at_a_time()
    _is_free(op, name)
    there = Domain.objects.filter(site=site)
    if there.count() >= MAX_DOMAINS:
        raise VerbError(f"{site} has {MAX_DOMAINS} domains already.", code="too_many")
    row = Domain(site=site, host=site.host, name=name)
    has_primary = there.filter(kind=Domain.Kind.PRIMARY).exists()
    row.kind = Domain.Kind.ALIAS if has_primary else Domain.Kind.PRIMARY
    _assign(row, op.params)
    if not has_primary and row.kind != Domain.Kind.PRIMARY:
        raise _bad("kind", "the first domain of a site is its primary one")
    _save(row)
    op.remember(after=shown(row))
    op.conclude(f"{site} has the domain {name}. {_next(row)}", domain=row.pk)


def change(op: Op, host: HostDriver) -> None:
    """Changes what is given. A new primary domain makes the one before an alias."""
    row: Domain = Domain.objects.select_for_update().get(pk=op.target.pk)
    before = shown(row)
    _assign(row, op.params)
    if before["kind"] == Domain.Kind.PRIMARY and row.kind != Domain.Kind.PRIMARY:
        raise VerbError(
            "kind: make another domain the primary one instead.", code="conflict", field="kind"
        )
    _save(row)
    check_soon(Domain.objects.filter(pk=row.pk))
    op.remember(before=before, after=shown(row))
    op.conclude(f"{row.name} is changed. {_next(row)}", domain=row.pk)


def remove(op: Op, host: HostDriver) -> None:
    """Takes a domain away from its site. Its certificate stays with the proxy until it expires."""
    row: Domain = Domain.objects.select_for_update().get(pk=op.target.pk)
    others = Domain.objects.filter(site_id=row.site_id).exclude(pk=row.pk)
    if row.kind == Domain.Kind.PRIMARY and others.exists():
        raise VerbError(
            f"{row.name} is the primary domain; make another one that first.", code="conflict"
        )
    op.remember(before=shown(row))
    op.conclude(f"{row.name} is removed. {_next(row)}")
    row.delete()


def set_password(op: Op, host: HostDriver) -> None:
    """Lets a user in by a password (HTTP Basic); without any, everybody is let in."""
    row: Domain = Domain.objects.select_for_update().get(pk=op.target.pk)
    user, before = op.params.username, shown(row)
    if not is_user(user):
        raise VerbError(
            "username: use a–z, 0–9 and . _ @ + -", code="bad_params", field="username", status=422
        )
    if user not in row.basic_auth and len(row.basic_auth) >= MAX_USERS:
        raise VerbError(f"{row.name} has {MAX_USERS} users already.", code="too_many")
    row.basic_auth[user] = _hashed(op.params.password)
    row.save(update_fields=["basic_auth"])
    op.remember(before=before, after=shown(row))
    op.conclude(f"{user} has a password for {row.name}. {_next(row)}", domain=row.pk)


def remove_password(op: Op, host: HostDriver) -> None:
    """Takes a user's password away. After the last one, everybody is let in."""
    row: Domain = Domain.objects.select_for_update().get(pk=op.target.pk)
    user, before = op.params.username, shown(row)
    if user not in row.basic_auth:
        raise VerbError(
            f"username: {row.name} has no such user.",
            code="not_found",
            field="username",
            status=404,
        )
    del row.basic_auth[user]
    row.save(update_fields=["basic_auth"])
    op.remember(before=before, after=shown(row))
    op.conclude(f"{user} has no password for {row.name} any more. {_next(row)}", domain=row.pk)


def shown(row: Domain) -> dict[str, Any]:
    """For the audit and for who may see the domain: who has a password, and no hash of one."""
    return {"name": row.name, **{name: getattr(row, name) for name in _FIELDS},
            "users": sorted(row.basic_auth)}  # fmt: skip


def _assign(row: Domain, params: DomainFields) -> None:
    given = params.model_dump(exclude_unset=True, include=set(_FIELDS))
    given = {name: value for name, value in given.items() if value is not None}
    if "port" in given:
        given["port"] = given["port"] or None
    if "routes" in given:
        given["routes"] = _routes(given["routes"])
    for name, value in given.items():
        setattr(row, name, value)


def _routes(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    paths = [one["path"] for one in given]
    for path in paths:
        if not is_path(path):
            raise _bad("routes", "a path begins with / and has a–z, 0–9 and . _ ~ - /")
        if paths.count(path) > 1:
            raise _bad("routes", f"there are two for {path}")
    whole = [{"port": None, **one} for one in given]
    return sorted(whole, key=lambda one: (-len(one["path"]), one["path"]))


def _named(text: str) -> str:
    try:
        return domain_name(text)
    except BadName as error:
        raise _bad("name", error.message) from None


def _save(row: Domain) -> None:
    if row.kind == Domain.Kind.PRIMARY:
        others = Domain.objects.filter(site_id=row.site_id, kind=Domain.Kind.PRIMARY)
        others.exclude(pk=row.pk).update(kind=Domain.Kind.ALIAS)
    try:
        row.full_clean(exclude={"routes", "basic_auth"}, validate_unique=False)
    except ValidationError as error:
        field, words = next(iter(error.message_dict.items()))
        raise _bad(field.strip("_"), words[0]) from None
    row.save()


def _one_at_a_time() -> None:
    """Two hosts cannot both take a name that is free for each when it looks."""
    ContentType.objects.select_for_update().get(app_label="sites", model="domain")


def _is_free(op: Op, name: str) -> None:
    """Names are looked for on all hosts; whose it is, is told to who may see that."""
    taken = Domain.objects.filter(name=name).select_related("site", "host").first()
    if taken is None:
        return
    where = ""
    if holds(op.actor, "sites.view_site", taken.site):
        where = f" by {taken.site} on {taken.host}"
    raise VerbError(f"name: {name} is taken already{where}.", code="name_taken", field="name")


def _hashed(password: SecretStr) -> str:
    data = password.get_secret_value().encode()
    if len(data) > _MAX_PASSWORD_BYTES or b"\0" in data:
        raise _bad("password", f"it may have {_MAX_PASSWORD_BYTES} bytes, and no NUL")
    return bcrypt.hashpw(data, bcrypt.gensalt(_COST)).decode()


def _bad(field: str, words: str) -> VerbError:
    return VerbError(f"{field}: {words}", code="bad_params", field=field, status=422)


def _next(row: Domain) -> str:
    return f"The proxy of {row.host} serves it so after its next sync."
