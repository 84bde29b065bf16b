"""Another key to log in with, made and put in place so that no moment is without one that works.

The order is the safety: the new key is installed beside the old one and proven by a login of its
own, then our row changes over, and only then the old line goes. What is undone is undone for good:
once the journal says ``undoing``, no worker goes forward any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import F
from pydantic import BaseModel, ConfigDict

from provisioning import reach
from provisioning.drivers import authorized_keys, keys
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.ssh import SshHost
from provisioning.drivers.target import Login, SshTarget
from provisioning.operations.contract import Op, Undone, VerbError
from provisioning.targets import target_of
from sites.models import Credential, Host


class Rotation(BaseModel):
    """``keep_old`` leaves the old key's line on the host: others may log in with that key, too."""

    model_config = ConfigDict(extra="forbid")
    keep_old: bool = False


def rotate(op: Op, host: HostDriver) -> None:
    """Makes a new key, installs and tries it, changes over to it, then removes the old one.

    A host that is reached by password is reached by key from then on.
    """
    try:
        new = _prepared(op)
        if not _is_changed_over(op):
            _install_and_prove(op, new)
            _change_over(op, new)
    except (Exception, SystemExit) as error:
        if not op.recall("new") or _is_changed_over(op) or not _undo(op, error):
            raise
        if isinstance(error, DriverError | VerbError):
            raise Undone(error, "The old key is in use as before.") from None
        raise
    _retire(op)
    op.conclude(_done(op), public_key=new.public_key, fingerprint=new.fingerprint)


def _prepared(op: Op) -> Credential:
    if why := op.recall("undoing"):
        raise VerbError(why, code="interrupted")
    with op.step("Make a key", percent=10):
        return _new_key(op)


def _is_changed_over(op: Op) -> bool:
    """The row tells, and not the journal: it is what everybody logs in with."""
    new = op.recall("new")
    return bool(new) and Host.objects.filter(pk=op.target.pk, credential=new).exists()


def _new_key(op: Op) -> Credential:
    """The key of this operation; the worker before may have made it already."""
    row: Host = op.target
    if made := op.recall("new"):
        return Credential.objects.get(pk=made)
    if not isinstance(target_of(row), SshTarget):
        raise VerbError(f"{row.name} is not reached by SSH: it has no key.", code="conflict")
    old = row.credential
    pair = keys.generate_ed25519(f"siteflow@{row.name}")
    new = Credential(
        kind=Credential.Kind.KEY, public_key=pair.public_line, fingerprint=pair.fingerprint
    )
    new.seal(pair.private_text)
    with transaction.atomic():
        new.save()
        op.remember(
            new=str(new.pk),
            new_line=pair.public_line,
            old=str(old.pk) if old else "",
            old_line=old.public_key if old else "",
            before={"login": old.fingerprint or old.kind if old else ""},
        )
    op.say(f"New key: {pair.fingerprint}")
    return new


def _install_and_prove(op: Op, new: Credential) -> None:
    with op.step("Install it", percent=30), _logged_in(_way(op)) as host:
        line, like = op.recall("new_line"), op.recall("old_line")
        host.edit_file(
            authorized_keys.PATH,
            lambda data: authorized_keys.with_key(data, line, like=like),
            max_bytes=authorized_keys.MAX_BYTES,
        )
    with op.step("Log in with it", percent=50):
        _prove(_way(op, new))


def _change_over(op: Op, new: Credential) -> None:
    """Our row takes the new key, unless somebody has changed the way in meanwhile."""
    row: Host = op.target
    with op.step("Change over", percent=70), transaction.atomic():
        same = Host.objects.filter(
            pk=row.pk, revision=row.revision, credential=op.recall("old") or None
        )
        changed = {"revision": F("revision") + 1, "version": F("version") + 1}
        if not same.update(credential=new, **changed):
            raise VerbError(
                f"{row.name} was changed while its key was rotated; try again.", code="conflict"
            )
        op.remember(after={"login": new.fingerprint})  # fails if another worker has taken over
        reach.publish_host(row.pk)
    op.say(f"{row.name} is reached with the new key from now on.")


def _retire(op: Op) -> None:
    """The old key goes when the new one has let us in again. What fails here changes nothing."""
    row, old_line = Host.objects.get(pk=op.target.pk), op.recall("old_line")
    try:
        with op.step("Remove the old key", percent=90), _logged_in(target_of(row)) as host:
            if old_line and not op.params.keep_old:
                host.edit_file(
                    authorized_keys.PATH,
                    lambda data: authorized_keys.without_key(data, old_line),
                    max_bytes=authorized_keys.MAX_BYTES,
                )
    except Exception as error:
        op.say(f"{row.name} is reached with the new key; the old one may still be on the host.")
        if isinstance(error, DriverError):
            words = f"{row.name} has its new key, but the old one was not removed: {error.message}"
            raise DriverError(words, error.code) from None
        raise
    if old := op.recall("old"):
        Credential.objects.filter(pk=old).delete()


def _undo(op: Op, error: BaseException) -> bool:
    """Takes the new key back; False if its line may still be on the host.

    Writing to the journal comes first: it fails where another worker has taken over, and then
    it is not for us to undo.
    """
    op.remember(undoing=getattr(error, "message", "") or "It was ended before the change-over.")
    line = op.recall("new_line")
    Credential.objects.filter(pk=op.recall("new"), host=None).delete()
    try:
        with _logged_in(_way(op)) as host:
            host.edit_file(
                authorized_keys.PATH,
                lambda data: authorized_keys.without_key(data, line),
                max_bytes=authorized_keys.MAX_BYTES,
            )
    except DriverError as left:
        op.say(f"Not looked after: {left.message}", stream="stderr")
        op.say(f"This line may still be in {authorized_keys.PATH} on the host. It lets nobody in, "
               f"its key is destroyed: {line}", stream="stderr")  # fmt: skip
        return False
    return True


def _way(op: Op, credential: Credential | None = None) -> SshTarget:
    """The way in with the present login, or with another key."""
    target = target_of(op.target)
    assert isinstance(target, SshTarget)  # noqa: S101  (for the type checker; see _new_key)
    return replace(target, login=Login("key", credential.reveal())) if credential else target


@contextmanager
def _logged_in(target: Any) -> Iterator[SshHost]:
    """A connection of its own: the kept ones may be older than the key that is to be proven."""
    host = open_host(target)
    try:
        host.connect()
        yield host
    finally:
        host.close()


def _prove(target: SshTarget) -> None:
    try:
        with _logged_in(target):
            pass
    except DriverError as error:
        if error.code != "login_refused":
            raise
        raise DriverError(
            f"{target.name} does not take the new key, although it stands in "
            f"~{target.username}/{authorized_keys.PATH}: its sshd may read another file",
            "login_refused",
        ) from None


def open_host(target: SshTarget) -> SshHost:
    return SshHost(target)


def _done(op: Op) -> str:
    name = op.target.name
    if not op.recall("old_line"):
        return (
            f"{name} is reached by key from now on. Its password is forgotten here; on the host "
            "it is as good as before."
        )
    kept = "still lets in on the host" if op.params.keep_old else "is gone"
    return f"{name} has a new key; the old one {kept}."
