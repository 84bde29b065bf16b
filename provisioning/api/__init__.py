"""Hosts, operations and everything that changes something, over HTTP."""

from provisioning.api.containers import actions as container_actions
from provisioning.api.hosts import hosts
from provisioning.api.operations import operations
from provisioning.api.wizards import wizards

__all__ = ["container_actions", "hosts", "operations", "wizards"]
