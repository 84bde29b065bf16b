"""Verbs on the networks of a host: never on Docker's own, the proxy's, or one that is in use."""

from __future__ import annotations

from typing import Any, Final

from provisioning.drivers.host import HostDriver
from provisioning.drivers.things import NetworkState
from provisioning.operations import named_things
from provisioning.operations.contract import Op
from provisioning.operations.named_things import Kind, NewThing
from provisioning.operations.thing_labels import labels_for
from provisioning.things.asking import read_networks
from provisioning.things.judging import why_network_stays


class NewNetwork(NewThing):
    """A bridge. ``internal``: it leads nowhere else. ``labels`` are written NAME=VALUE."""

    internal: bool = False


def create(op: Op, host: HostDriver) -> None:
    """Makes a bridge network of this name, unless there is one."""
    named_things.create(op, host, _NETWORK)


def remove(op: Op, host: HostDriver) -> None:
    """Removes a network that nobody is in, also no stopped container."""
    named_things.remove(op, host, _NETWORK)


def _find(host: HostDriver, name: str) -> list[NetworkState]:
    """Docker lets several have the same name."""
    return [one for one in host.docker.networks() if one.name == name]


def _make(op: Op, host: HostDriver) -> None:
    labels = labels_for(op, op.params.labels)
    host.docker.create_network(op.params.name, labels=labels, internal=op.params.internal)


def _told(network: NetworkState) -> dict[str, Any]:
    return {"network": network.name, "id": network.network_id, "driver": network.driver}


_NETWORK: Final = Kind(
    noun="network",
    known_by="id",
    noted=("internal",),
    find=_find,
    make=_make,
    read=read_networks,
    of=lambda seen: seen.networks,
    why_stays=why_network_stays,
    told=_told,
    take_away=lambda host, network: host.docker.remove_network(network.network_id),
)
