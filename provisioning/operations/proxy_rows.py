"""What the verbs on a proxy keep of it, and how they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from provisioning.drivers.errors import DriverError
from provisioning.operations.contract import Op, Undone, VerbError
from provisioning.proxy import apply
from provisioning.proxy.models import Proxy
from sites.models import Host

_TOLD: Final = 10
_PORTS: Final = ("http_port", "https_port", "admin_port")


def set_ports(proxy: Proxy, params: Any) -> None:
    """Those that were asked for."""
    for name in params.model_fields_set & set(_PORTS):
        setattr(proxy, name, getattr(params, name))


def keep(proxy: Proxy) -> None:
    """One row for a host, also when two workers were at it."""
    fields = ("container", "network", *_PORTS)
    values = {name: getattr(proxy, name) for name in fields}
    Proxy.objects.update_or_create(host=proxy.host, defaults=values)


@contextmanager
def as_it_was(row: Host, undo: Callable[[], None] | None) -> Iterator[None]:
    """What fails within is taken back, a worker's own end included. None: nothing is to be."""
    try:
        yield
    except (Exception, SystemExit) as error:
        if undo is None:
            raise
        undo()
        if isinstance(error, DriverError | VerbError):
            raise Undone(error, f"{row.name} is as it was.") from None
        raise


def conclude(op: Op, row: Host, outcome: apply.Outcome, *, done: str) -> None:
    op.remember(after={"changed": outcome.changed, "left": sorted(outcome.left)[:_TOLD]})
    if not outcome.left:
        return op.conclude(done, changed=outcome.changed)
    told = [f"{name}: {words}" for name, words in sorted(outcome.left.items())]
    op.say("\n".join(told), stream="stderr")
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    raise VerbError(
        f"{len(told)} of the domains on {row.name} are not served as wanted, the others are. "
        f"{'; '.join(told[:_TOLD])}{more}",
        code="proxy_partly",
    )
