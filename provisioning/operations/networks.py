"""Verbs on the networks of a host: never on Docker's own, the proxy's, or one that is in use."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.things import NetworkState
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.thing_labels import NAME_PATTERN, Labels, is_own, labels_for
from provisioning.things.asking import read_networks
from provisioning.things.judging import why_network_stays
from provisioning.things.owning import owned_on
from sites.rows import EVERYTHING


class NewNetwork(BaseModel):
    """A bridge. ``internal``: it leads nowhere else. ``labels`` are written NAME=VALUE."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=NAME_PATTERN)
    internal: bool = False
    labels: Labels = []


class OldNetwork(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$")


def create(op: Op, host: HostDriver) -> None:
    """Makes a bridge network of this name, unless there is one."""
    name = op.params.name
    with op.step("Look", percent=20):
        there = [one for one in host.docker.networks() if one.name == name]
        if any(not is_own(op, one.labels) for one in there):
            words = f"{op.target.name} has a network {name} already."
            raise VerbError(words, code="name_taken", field="name")
    with op.step("Create", percent=50):
        if not there:
            labels = labels_for(op, op.params.labels)
            host.docker.create_network(name, labels=labels, internal=op.params.internal)
        op.remember(after={"network": name, "internal": op.params.internal})
    op.conclude(f"The network {name} was made on {op.target.name}.")


def remove(op: Op, host: HostDriver) -> None:
    """Removes a network that nobody is in, also no stopped container."""
    with op.step("Look", percent=20):
        network = _removable(op, host, op.params.name)
    with op.step("Remove", percent=50):
        if network is not None:
            op.remember(begun=True)
            _take_away(host, network.network_id)
    with op.step("Check", percent=90):
        if any(one.network_id == op.recall("before")["id"] for one in host.docker.networks()):
            words = f"The network {op.params.name} is still there."
            raise VerbError(words, code="not_as_wanted")
        op.remember(after={})
    op.conclude(f"The network {op.params.name} was removed from {op.target.name}.")


def _removable(op: Op, host: HostDriver, name: str) -> NetworkState | None:
    """None where a worker that died here had it removed already."""
    seen = read_networks(host)
    found = [one for one in seen.networks if one.name == name]
    before = op.recall("before")
    if before:
        found = [one for one in found if one.network_id == before["id"]]
        if not found and op.recall("begun"):
            return None
    if not found:
        raise VerbError(f"There is no network {name} on {op.target.name}.", code="not_found")
    if len(found) > 1:
        words = f"{op.target.name} has {len(found)} networks {name}: remove one on the host."
        raise VerbError(words, code="conflict")
    if why := why_network_stays(found[0], seen, owned_on(op.target, user=EVERYTHING)):
        words = f"The network {name} stays on {op.target.name}. {why}"
        raise VerbError(words, code="in_use")
    op.remember(before={"network": name, "id": found[0].network_id, "driver": found[0].driver})
    return found[0]


def _take_away(host: HostDriver, network_id: str) -> None:
    try:
        host.docker.remove_network(network_id)
    except DriverError as error:
        if error.code != "not_found":
            raise
