"""A new container as it is asked for over HTTP, where the host is named with it."""

from __future__ import annotations

from typing import Any

from provisioning.new_container.asked import NewContainer


class ContainerOnHost(NewContainer):
    """``host``: its name or key; not needed where there is only one."""

    host: str | int | None = None

    def told_of_it(self) -> dict[str, Any]:
        """Of the container alone, as `NewContainer` takes it."""
        return self.model_dump(exclude_unset=True, exclude={"host"})
