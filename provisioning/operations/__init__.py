"""Everything that can be done, in one table. Buttons, API, commands and sockets come from it."""

from __future__ import annotations

from provisioning.operations import (
    containers,
    host_keys,
    host_new_keys,
    host_records,
    host_test,
    hosts,
    tags,
)
from provisioning.operations.contract import NoParams, Verb
from sites.models import Container, Host, Site

_OPERATE_CONTAINER = "sites.operate_container"
_OPERATE_HOST = "sites.operate_host"
_MANAGE_HOST = "sites.manage_host"
_MANAGE_TAG = "sites.manage_tag"

_ALL = (
    Verb("container.start", "Start", "started", Container, _OPERATE_CONTAINER, containers.start,
         when=frozenset({"created", "exited", "dead"})),
    Verb("container.stop", "Stop", "stopped", Container, _OPERATE_CONTAINER, containers.stop,
         params=containers.Grace, deadline_s=330,
         when=frozenset({"running", "restarting", "paused"})),
    Verb("container.restart", "Restart", "restarted", Container, _OPERATE_CONTAINER,
         containers.restart, params=containers.Grace, deadline_s=330,
         when=frozenset({"running", "exited", "paused", "restarting", "unknown"})),
    Verb("container.kill", "Kill", "killed", Container, _OPERATE_CONTAINER, containers.kill,
         params=containers.Signal, when=frozenset({"running", "restarting", "paused"})),
    Verb("container.pause", "Pause", "paused", Container, _OPERATE_CONTAINER, containers.pause,
         when=frozenset({"running"})),
    Verb("container.unpause", "Unpause", "unpaused", Container, _OPERATE_CONTAINER,
         containers.unpause, when=frozenset({"paused"})),
    Verb("container.remove", "Remove", "removed", Container, "sites.remove_container",
         containers.remove, params=containers.Removal, confirm=True),
    Verb("host.test", "Test", "tested", Host, _OPERATE_HOST, host_test.test, deadline_s=120,
         reads_only=True, finds_own_way=True),
    Verb("host.refresh", "Refresh", "refreshed", Host, _OPERATE_HOST, hosts.refresh,
         deadline_s=120, reads_only=True),
    Verb("host.restart-service", "Restart service", "restarted", Host, _OPERATE_HOST,
         hosts.restart_service, params=hosts.Service, deadline_s=120),
    Verb("host.rotate-key", "Rotate key", "rotated", Host, _MANAGE_HOST, host_keys.rotate,
         params=host_keys.Rotation, deadline_s=240, finds_own_way=True),
    Verb("host.add", "Add", "added", None, _MANAGE_HOST, host_records.add,
         params=host_records.NewHost, inline=True),
    Verb("host.generate-key", "Generate key", "made", None, _MANAGE_HOST, host_new_keys.generate,
         params=host_new_keys.NewKey, inline=True),
    Verb("host.change", "Change", "changed", Host, _MANAGE_HOST, host_records.change,
         params=host_records.HostFields, inline=True),
    Verb("host.approve-key", "Approve key", "approved", Host, _MANAGE_HOST,
         host_records.approve_key, params=host_records.Fingerprint, inline=True),
    Verb("host.confirm", "Confirm", "set up", Host, _MANAGE_HOST, host_records.confirm,
         inline=True),
    Verb("host.remove", "Remove", "removed", Host, _MANAGE_HOST, host_records.remove,
         params=NoParams, inline=True, confirm=True),
    Verb("host.tag", "Tag", "tagged", Host, _MANAGE_TAG, tags.tag, params=tags.Tags, inline=True),
    Verb("site.tag", "Tag", "tagged", Site, _MANAGE_TAG, tags.tag, params=tags.Tags, inline=True),
)  # fmt: skip

VERBS: dict[str, Verb] = {verb.kind: verb for verb in _ALL}


def verbs_of(target_type: str) -> list[Verb]:
    """The verbs on one kind of target, in the order of the table."""
    return [verb for verb in _ALL if verb.target_type == target_type]
