"""Everything that can be done, in one table. Buttons, API, commands and sockets come from it."""

from __future__ import annotations

from provisioning.operations import (
    backups,
    certificates,
    containers,
    domains,
    host_keys,
    host_new_keys,
    host_records,
    host_terminals,
    host_test,
    hosts,
    nas,
    proxies,
    quarantine,
    site_adopt,
    site_deprovision,
    site_provision,
    site_records,
    site_release,
    site_templates,
    tags,
)
from provisioning.operations.contract import NoParams, Verb
from provisioning.quarantine.models import Quarantine
from provisioning.releases.editing import Configuration
from provisioning.site_templates.models import SiteTemplate
from sites.models import Container, Domain, Host, Site

_OPERATE_CONTAINER = "sites.operate_container"
_OPERATE_HOST = "sites.operate_host"
_MANAGE_HOST = "sites.manage_host"
_OPERATE_SITE = "sites.operate_site"
_MANAGE_SITE = "sites.manage_site"
_LONG_S = 3000  # images may have to be fetched or built
_MANAGE_TAG = "sites.manage_tag"
_MANAGE_TEMPLATE = "provisioning.manage_sitetemplate"

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
    Verb("host.terminals", "Terminals", "set", Host, _MANAGE_HOST, host_terminals.set_terminals,
         params=host_terminals.Terminals, inline=True),
    Verb("host.tag", "Tag", "tagged", Host, _MANAGE_TAG, tags.tag, params=tags.Tags, inline=True),
    Verb("template.create", "Create", "created", None, _MANAGE_TEMPLATE, site_templates.create,
         params=site_templates.NewTemplate, inline=True),
    Verb("template.edit", "Edit", "saved", SiteTemplate, _MANAGE_TEMPLATE, site_templates.edit,
         params=site_templates.NextVersion, inline=True),
    Verb("template.delete", "Delete", "deleted", SiteTemplate, _MANAGE_TEMPLATE,
         site_templates.delete, inline=True, confirm=True),
    Verb("site.tag", "Tag", "tagged", Site, _MANAGE_TAG, tags.tag, params=tags.Tags, inline=True),
    Verb("host.add-site", "Add site", "planned", Host, _MANAGE_SITE, site_records.add,
         params=site_records.NewSite, inline=True),
    Verb("site.provision", "Provision", "provisioned", Site, _MANAGE_SITE,
         site_provision.provision, params=site_provision.Provisioning, deadline_s=_LONG_S),
    Verb("site.configure", "Configure", "configured", Site, _MANAGE_SITE, site_records.configure,
         params=Configuration, inline=True),
    Verb("site.pin", "Pin a release", "pinned", Site, _OPERATE_SITE, site_records.pin,
         params=site_records.Pin, inline=True),
    Verb("site.release", "Release", "released", Site, _OPERATE_SITE, site_release.release,
         params=site_release.Releasing, deadline_s=_LONG_S),
    Verb("site.rollback", "Roll back", "rolled back", Site, _OPERATE_SITE, site_release.rollback,
         params=site_release.Releasing, deadline_s=_LONG_S),
    Verb("site.adopt", "Adopt", "adopted", Site, _MANAGE_SITE, site_adopt.adopt),
    Verb("site.disown", "Disown", "given back", Site, _MANAGE_SITE, site_adopt.disown,
         inline=True, confirm=True),
    Verb("site.discard", "Discard the draft", "discarded", Site, _MANAGE_SITE,
         site_records.discard, inline=True, confirm=True),
    Verb("site.deprovision", "Deprovision", "removed", Site, _MANAGE_SITE,
         site_deprovision.deprovision, params=site_deprovision.Deprovisioning, confirm=True,
         deadline_s=300),
    Verb("quarantine.restore", "Undo the removal", "planned as it was", Quarantine, _MANAGE_SITE,
         quarantine.restore),
    Verb("quarantine.purge", "Destroy for good", "destroyed", Quarantine, _MANAGE_SITE,
         quarantine.purge, confirm=True, deadline_s=300),
    Verb("proxy.install", "Install proxy", "has a proxy", Host, _MANAGE_SITE, proxies.install,
         params=proxies.Installation, deadline_s=600, on="host"),
    Verb("proxy.sync", "Sync proxy", "synced", Host, _MANAGE_SITE, proxies.sync,
         params=proxies.Sync, deadline_s=300, on="host"),
    Verb("proxy.reload", "Reload proxy", "reloaded", Host, _OPERATE_HOST, proxies.reload,
         deadline_s=120, on="host"),
    Verb("domain.add", "Add domain", "added", Site, _MANAGE_SITE, domains.add,
         params=domains.NewDomain, inline=True, on="site"),
    Verb("domain.change", "Change", "changed", Domain, _MANAGE_SITE, domains.change,
         params=domains.DomainFields, inline=True),
    Verb("domain.remove", "Remove", "removed", Domain, _MANAGE_SITE, domains.remove,
         inline=True, confirm=True),
    Verb("domain.set-password", "Set password", "set", Domain, _MANAGE_SITE, domains.set_password,
         params=domains.Password, inline=True),
    Verb("domain.remove-password", "Remove password", "removed", Domain, _MANAGE_SITE,
         domains.remove_password, params=domains.Username, inline=True),
    Verb("cert.check", "Check certificate", "checked", Domain, _OPERATE_SITE, certificates.check,
         deadline_s=120, reads_only=True, on="domain"),
    Verb("backup.check", "Check backups", "checked", Site, _OPERATE_SITE, backups.check,
         deadline_s=120, reads_only=True, finds_own_way=True, on="site"),
    Verb("nas.check", "Check backups", "checked", Host, _OPERATE_HOST, backups.check_nas,
         deadline_s=120, reads_only=True, finds_own_way=True, on="host"),
    Verb("nas.set", "Set up as NAS", "set", Host, _MANAGE_HOST, nas.set_nas,
         params=nas.NasSettings, inline=True, on="host"),
    Verb("nas.forget", "Forget folder of backups", "forgotten", Host, _MANAGE_HOST,
         nas.forget_nas, params=nas.NasFolder, inline=True, confirm=True, on="host"),
)  # fmt: skip

VERBS: dict[str, Verb] = {verb.kind: verb for verb in _ALL}


def verbs_of(target_type: str) -> list[Verb]:
    """The verbs on one kind of target, in the order of the table."""
    return [verb for verb in _ALL if verb.target_type == target_type]
