"""Key pairs made before there is a host for them: the public half goes into its first boot.

The private half stays here, encrypted, and can be given to one host by whoever had it made.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from audit.record import Actor, record
from provisioning.drivers import keys
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from sites.models import Credential

LIFE: Final = timedelta(days=1)


class NewKey(BaseModel):
    """``comment`` ends the public line, so that people know it again on the host."""

    model_config = ConfigDict(extra="forbid")
    comment: str = Field(default="siteflow", max_length=100, pattern=r"^[A-Za-z0-9@._-]+$")


def generate(op: Op, host: HostDriver) -> None:
    """Makes an ED25519 key pair; it waits a day for the host it is for."""
    pair = keys.generate_ed25519(op.params.comment)
    made = Credential(kind=Credential.Kind.KEY, made_for_id=op.actor.user_id)
    made.public_key, made.fingerprint = pair.public_line, pair.fingerprint
    made.seal(pair.private_text)
    made.save()
    op.remember(after={"fingerprint": pair.fingerprint})
    op.conclude(
        f"The key {pair.fingerprint} is made; give it to a host within a day.",
        generated_key=str(made.pk),
        public_key=pair.public_line,
        fingerprint=pair.fingerprint,
        expires_at=(made.created_at + LIFE).isoformat(),
    )


def claim(key: UUID | None, *, user_id: int | None) -> Credential:
    """The credential, from now on the host's that is being saved. Once, and only for its owner."""
    rows = Credential.objects.select_for_update(of=("self",)).filter(
        host=None, made_for=user_id, created_at__gte=timezone.now() - LIFE
    )
    found = rows.filter(pk=key).first() if key and user_id else None
    if found is None:
        raise VerbError(
            "generated_key: there is no such key of yours, or it was used, or is older than a day.",
            code="not_found",
            field="generated_key",
            status=422,
        )
    Credential.objects.filter(pk=found.pk).update(made_for=None)
    found.made_for = None
    return found


def forget_unclaimed() -> int:
    """Removes keys that no host has got within a day, and what rotations left behind."""
    old = Credential.objects.filter(host=None, created_at__lt=timezone.now() - LIFE)
    with transaction.atomic():
        gone = old.delete()[0]
        if gone:
            record(
                phase="event",
                action="host.forget-keys",
                status="succeeded",
                actor=Actor.system("upkeep"),
                target_type="host",
                after={"keys_removed": gone},
            )
    return gone
