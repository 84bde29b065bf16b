"""Hosts, operations and everything that changes something, over HTTP."""

from provisioning.api.backups import backups, nas
from provisioning.api.certificates import certificates
from provisioning.api.containers import actions as container_actions
from provisioning.api.domains import domains
from provisioning.api.hosts import hosts
from provisioning.api.log_archives import archives
from provisioning.api.operations import operations
from provisioning.api.provision import provision
from provisioning.api.proxies import proxies
from provisioning.api.quarantine import quarantine
from provisioning.api.rollouts import rollouts
from provisioning.api.sites import site_actions
from provisioning.api.templates import offered, templates
from provisioning.api.things import things
from provisioning.api.wizards import wizards

__all__ = [
    "archives", "backups", "certificates", "container_actions", "domains", "hosts", "nas",
    "offered", "operations", "provision", "proxies", "quarantine", "rollouts",
    "site_actions", "templates", "things", "wizards",
]  # fmt: skip
