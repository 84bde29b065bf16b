"""What we have: hosts and how to log in, the sites and containers on them."""

from sites.models.container import Container
from sites.models.credential import Credential
from sites.models.host import Host
from sites.models.site import Site

__all__ = ["Container", "Credential", "Host", "Site"]
