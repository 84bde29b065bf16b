"""Images under the names that site templates use, made of the real software from Debian, PyPI and
npm. `mongo` alone is a stand-in, as no registry in reach has MongoDB: see site_scripts/mongo.
"""

from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).with_name("site_scripts")
RELEASE = "trixie"
TREE = "siteflow/debian:13"


@dataclass(frozen=True)
class Base:
    """One image. Its folder in SCRIPTS has `install`, which is run once, and what it installs."""

    name: str
    folder: str
    debs: tuple[str, ...]
    command: str
    entrypoint: str = ""
    env: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    workdir: str = "/"
    stop_signal: str = "SIGTERM"

    def changes(self) -> list[str]:
        """As `docker commit --change` takes them."""
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        lines = [f"ENV {each}" for each in (path, "LANG=C.UTF-8", *self.env)]
        lines += [f"VOLUME {each}" for each in self.volumes]
        lines.append(f"WORKDIR {self.workdir}")
        entrypoint = f'["{self.entrypoint}"]' if self.entrypoint else "[]"
        lines += [f"ENTRYPOINT {entrypoint}", f"CMD {self.command}"]
        return [word for line in lines for word in ("--change", line)]


ENTRYPOINT = "docker-entrypoint.sh"
BASES = (
    Base("nginx:1.28", "nginx", ("nginx-light", "curl", "gettext-base"),
         '["nginx", "-g", "daemon off;"]', ENTRYPOINT, stop_signal="SIGQUIT"),
    Base("wordpress:6.8-php8.4-apache", "wordpress",
         ("wordpress", "wordpress-theme-twentytwentyfive", "apache2", "libapache2-mod-php",
          "php-mysql", "php-gd", "php-xml", "php-mbstring", "php-intl", "php-zip", "php-curl",
          "curl"),
         '["apache2-foreground"]', ENTRYPOINT, volumes=("/var/www/html",),
         workdir="/var/www/html", stop_signal="SIGWINCH"),
    Base("mariadb:11.8", "mariadb", ("mariadb-server",), '["mariadbd"]', ENTRYPOINT,
         volumes=("/var/lib/mysql",)),
    Base("postgres:17", "postgres", ("postgresql-17",), '["postgres"]', ENTRYPOINT,
         env=("PGDATA=/var/lib/postgresql/data",), volumes=("/var/lib/postgresql/data",),
         stop_signal="SIGINT"),
    Base("python:3.13-slim", "python", ("python3", "python3-pip"), '["python3"]'),
    Base("node:24-slim", "node", (), '["node"]'),
    Base("mongo:8.0", "mongo", ("python3", "python3-pip"), '["mongod"]', ENTRYPOINT,
         volumes=("/data/db", "/data/configdb")),
)  # fmt: skip
BY_NAME = {base.name: base for base in BASES}
