"""Names of domains as people write them, and the one form in which they are kept and served."""

from __future__ import annotations

import idna

from provisioning.drivers.caddy_check import is_name


class BadName(ValueError):
    """``message`` says what is wrong with it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def domain_name(text: str) -> str:
    """Lower case, ASCII (IDNA 2008), no dot at the end. Raises BadName.

    ``Bücher.example.`` becomes ``xn--bcher-kva.example``. A wildcard, an address and a name
    without a dot are none that a site is served under.
    """
    name = text.strip().removesuffix(".")
    if "*" in name:
        raise BadName("A wildcard cannot be served; give each name by itself.")
    try:
        name = idna.encode(name, uts46=True, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise BadName("This is not the name of a domain.") from None
    if "." not in name:
        raise BadName("Give the whole name, such as shop.example.com.")
    if not is_name(name):
        raise BadName("This is not the name of a domain.")
    return name
