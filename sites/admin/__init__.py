"""Hosts, containers, sites and their domains in the console."""

from sites.admin.backups import SiteBackupAdmin
from sites.admin.certificates import CertificateAdmin
from sites.admin.containers import ContainerAdmin
from sites.admin.domains import DomainAdmin
from sites.admin.hosts import HostAdmin
from sites.admin.quarantine import QuarantineAdmin
from sites.admin.rollouts import RolloutAdmin
from sites.admin.sites import SiteAdmin
from sites.admin.templates import SiteTemplateAdmin

__all__ = [
    "CertificateAdmin",
    "ContainerAdmin",
    "DomainAdmin",
    "HostAdmin",
    "QuarantineAdmin",
    "SiteBackupAdmin",
    "RolloutAdmin",
    "SiteAdmin",
    "SiteTemplateAdmin",
]
