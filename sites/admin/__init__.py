"""Hosts, containers and sites in the console."""

from sites.admin.containers import ContainerAdmin
from sites.admin.hosts import HostAdmin
from sites.admin.sites import SiteAdmin

__all__ = ["ContainerAdmin", "HostAdmin", "SiteAdmin"]
