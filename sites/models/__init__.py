"""What we have: hosts and how to log in, the sites and containers on them, who may see which."""

from sites.models.container import Container
from sites.models.credential import Credential
from sites.models.domain import Domain
from sites.models.grant import Grant
from sites.models.host import Host
from sites.models.site import Site
from sites.models.tag import Tag

__all__ = ["Container", "Credential", "Domain", "Grant", "Host", "Site", "Tag"]
