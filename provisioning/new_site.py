"""A new site in one call: its draft, and the operation that brings it up."""

from __future__ import annotations

import re
from typing import Any, Final

from audit.record import Actor
from provisioning import engine
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from sites.models import Host, Site

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def provision_new(
    host: Host,
    told: dict[str, Any],
    *,
    actor: Actor,
    plan_digest: str | None = None,
    reuse_volumes: bool = False,
    idempotency_key: str | None = None,
) -> tuple[Site, Operation]:
    """Raises what `engine.start` raises. When only the draft came about, it can be provisioned."""
    if plan_digest and not _DIGEST.fullmatch(plan_digest):  # before there is a draft
        words = "This is not the digest of a plan."
        raise VerbError(words, code="bad_params", field="plan_digest", status=422)
    key = f"{idempotency_key[:80]}:draft" if idempotency_key else None
    made = engine.start("host.add-site", host, actor=actor, params=told, idempotency_key=key)
    site = Site.objects.get(pk=made.result["site"])
    operation = engine.start(
        "site.provision",
        site,
        actor=actor,
        params={"plan_digest": plan_digest, "reuse_volumes": reuse_volumes},
        idempotency_key=idempotency_key,
    )
    return site, operation
