"""A new site in one call: its draft, and the operation that brings it up."""

from __future__ import annotations

from typing import Any

from audit.record import Actor
from provisioning import engine
from provisioning.models import Operation
from sites.models import Host, Site


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
