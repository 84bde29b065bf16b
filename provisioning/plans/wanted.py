"""What a site is to be: one value for what a release says and what its template knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.crypto import salted_hmac

from provisioning.drivers import dotenv
from provisioning.releases.models import Release
from sites.models import Site

COMPOSE: Final = "compose.yml"
ENV: Final = ".env"
MASK: Final = "•••"


@dataclass(frozen=True)
class Wanted:
    """``stateless``: services of which a second container may run beside the first."""

    project: str
    folder: str
    compose: str
    env: dict[str, str]
    secret_names: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)  # service → id, where it ran before
    domains: tuple[str, ...] = ()
    web_service: str = ""
    web_port: int | None = None
    probe_path: str = "/"
    stateless: tuple[str, ...] = ()
    memory_bytes: int = 0
    disk_bytes: int = 0

    def texts(self) -> dict[str, bytes]:
        """Every file as it is to lie in the site's folder."""
        own = {name: text.encode() for name, text in self.files.items()}
        return {**own, COMPOSE: self.compose.encode(), ENV: dotenv.dump(self.env).encode()}

    def masked_env(self) -> str:
        shown = {
            name: MASK if name in self.secret_names else value for name, value in self.env.items()
        }
        return "".join(f"{name}={value}\n" for name, value in shown.items())

    def fingerprint(self, *, new: bool) -> dict[str, Any]:
        """For the plan's digest. The secrets of a new site are made when it is provisioned."""
        secrets = {
            name: "" if new else salted_hmac("plan", self.env[name]).hexdigest()
            for name in self.secret_names
            if name in self.env
        }
        shown = {name: value for name, value in self.env.items() if name not in secrets}
        return {
            "project": self.project,
            "folder": self.folder,
            "compose": self.compose,
            "env": shown,
            "secrets": secrets,
            "files": self.files,
            "domains": sorted(self.domains),
        }


def folder_of(site: Site) -> str:
    """Where a managed site lives on its host; an adopted one stays where it was found."""
    return site.working_dir or f"{site.host.sites_root}/{site.tenant}/{site.name}"


def wanted_of(release: Release) -> Wanted:
    """Raises CannotDecrypt."""
    domains = release.site.domains.order_by("name").values_list("name", flat=True)
    return wanted_from(release, release.reveal(), domains)


def wanted_from(release: Release, env: dict[str, str], domains: Iterable[str]) -> Wanted:
    """The same for rows that are not saved yet."""
    site = release.site
    known = dict(release.serving)
    known["stateless"] = tuple(known.get("stateless", ()))
    return Wanted(
        project=site.project,
        folder=folder_of(site),
        compose=release.compose,
        env=env,
        secret_names=tuple(release.secret_names),
        files=dict(release.files),
        images=dict(release.images),
        domains=tuple(sorted(domains)),
        **known,
    )
