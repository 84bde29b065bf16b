"""What somebody wants of a channel, however it was said."""

from __future__ import annotations

from typing import Any, Final, Literal

from ninja import Field, Schema
from pydantic import ConfigDict

from monitoring.notify.models import Channel
from provisioning.engine.errors import BadParams
from sites.answers import MAX_KEY
from sites.models import Host, Site, Tag

_THINGS: Final = {"host": Host, "site": Site, "tag": Tag}
_PLAIN: Final = ("name", "min_severity", "scope", "resolved", "enabled")
_NAME: Final = r"^[^\x00-\x1f\x7f]*$"


class Wanted(Schema):
    """What is left out, or null, stays as it is. ``host``, ``site`` and ``tag`` are keys; the one
    of its scope is needed with it. The address is never shown again."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=100, pattern=_NAME)
    url: str | None = Field(
        default=None, max_length=2000, description="address in apprise's form; secret"
    )
    min_severity: Literal["critical", "warning", "info"] | None = None
    scope: Literal["everything", "host", "site", "tag"] | None = None
    host: int | None = Field(default=None, ge=1, le=MAX_KEY)
    site: int | None = Field(default=None, ge=1, le=MAX_KEY)
    tag: int | None = Field(default=None, ge=1, le=MAX_KEY)
    resolved: bool | None = Field(default=None, description="also told what is over")
    enabled: bool | None = None

    def put_on(self, row: Channel) -> None:
        """Raises BadParams."""
        for name in _PLAIN:
            if (value := getattr(self, name)) is not None:
                setattr(row, name, value.strip() if isinstance(value, str) else value)
        if not row.name:
            raise BadParams("Give it a name.", field="name")
        for name in _THINGS:
            self._put_thing(row, name)

    def _put_thing(self, row: Channel, name: str) -> None:
        """Only what its scope is about is kept."""
        key = getattr(self, name)
        if row.scope != name:
            setattr(row, name, None)
            if key is not None:
                raise BadParams(f"With the scope {row.scope} it is not for a {name}.", field=name)
        elif key is not None:
            setattr(row, name, _found(name, key))
        elif getattr(row, f"{name}_id") is None:
            raise BadParams(f"Say for which {name}.", field=name)


def _found(name: str, key: int) -> Any:
    thing = _THINGS[name]._default_manager.filter(pk=key).first()
    if thing is None:
        raise BadParams(f"There is no such {name}.", field=name)
    return thing
