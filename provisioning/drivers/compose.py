"""What Docker Compose is asked for: argv, built and not run. Answers are read by compose_parse.py.

Flags are those of Compose 2.17 and later. Services come last, behind ``--`` where names could be
taken for flags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Argv = tuple[str, ...]
Pull = Literal["always", "missing", "never"]


@dataclass(frozen=True, slots=True)
class Project:
    """A compose project in its folder. ``files`` and ``env_file`` are below it, or absolute;
    an empty ``env_file`` stands for none. ``binary`` is `compose_version.Compose.command`.
    """

    name: str
    folder: str
    files: tuple[str, ...] = ("compose.yml",)
    env_file: str = ".env"
    binary: Argv = ("docker", "compose")

    @property
    def argv(self) -> Argv:
        """What every command begins with; the same project as by ``cd`` and plain compose."""
        place = ("--project-name", self.name, "--project-directory", self.folder)
        files = tuple(word for name in self.files for word in ("--file", self.path(name)))
        env = ("--env-file", self.path(self.env_file)) if self.env_file else ()
        return (*self.binary, "--ansi", "never", *place, *files, *env)

    def path(self, name: str) -> str:
        return name if name.startswith("/") else f"{self.folder}/{name}"


def config(project: Project) -> Argv:
    """The resolved model as JSON; see `compose_parse.config`."""
    return (*project.argv, "config", "--format", "json")


def config_hashes(project: Project) -> Argv:
    """One line for each service: its name and what its containers' config-hash would be."""
    return (*project.argv, "config", "--hash", "*")


def pull(project: Project, *, services: Sequence[str] = ()) -> Argv:
    """Images that can be built are left out."""
    return (*project.argv, "pull", "--ignore-buildable", *_last(services))


def build(
    project: Project, *, services: Sequence[str] = (), pull: bool = False, no_cache: bool = False
) -> Argv:
    flags = _flags(("--pull", pull), ("--no-cache", no_cache))
    return (*project.argv, "build", *flags, *_last(services))


def create(
    project: Project,
    *,
    services: Sequence[str] = (),
    pull: Pull = "never",
    no_recreate: bool = False,
    force_recreate: bool = False,
) -> Argv:
    """Containers, networks and volumes, nothing started."""
    flags = _flags(("--no-recreate", no_recreate), ("--force-recreate", force_recreate))
    return (*project.argv, "create", "--no-build", "--pull", pull, *flags, *_last(services))


def up(
    project: Project,
    *,
    services: Sequence[str] = (),
    pull: Pull = "never",
    build: bool = False,
    no_deps: bool = False,
    no_recreate: bool = False,
    force_recreate: bool = False,
    remove_orphans: bool = False,
    scale: Mapping[str, int] | None = None,
    wait_timeout_s: int | None = None,
    grace_s: int | None = None,
) -> Argv:
    """Detached. With ``wait_timeout_s`` it ends when all are running or healthy, or fails.

    Waiting counts a container that ended as a failure, a finished job included. Images are neither
    pulled nor built by default: that is done before, with its progress.
    """
    flags = _flags(
        ("--build" if build else "--no-build", True),
        ("--no-deps", no_deps),
        ("--no-recreate", no_recreate),
        ("--force-recreate", force_recreate),
        ("--remove-orphans", remove_orphans),
    )
    scales = (f"--scale={service}={count}" for service, count in (scale or {}).items())
    wait = () if wait_timeout_s is None else ("--wait", "--wait-timeout", str(wait_timeout_s))
    given = (*flags, *scales, *wait, *_grace(grace_s))
    return (*project.argv, "up", "--detach", "--pull", pull, *given, *_last(services))


def start(project: Project, *, services: Sequence[str] = ()) -> Argv:
    return (*project.argv, "start", *_last(services))


def stop(project: Project, *, services: Sequence[str] = (), grace_s: int | None = None) -> Argv:
    return (*project.argv, "stop", *_grace(grace_s), *_last(services))


def restart(project: Project, *, services: Sequence[str] = (), grace_s: int | None = None) -> Argv:
    return (*project.argv, "restart", *_grace(grace_s), *_last(services))


def remove(project: Project, *, services: Sequence[str] = ()) -> Argv:
    """Stopped containers of these services; volumes stay."""
    return (*project.argv, "rm", "--force", *_last(services))


def down(project: Project, *, grace_s: int | None = None, remove_orphans: bool = False) -> Argv:
    """Containers and networks go, volumes and images stay."""
    return (*project.argv, "down", *_grace(grace_s), *_flags(("--remove-orphans", remove_orphans)))


def down_with_volumes(project: Project, *, grace_s: int | None = None) -> Argv:
    """As `down`, and the data in the project's volumes is gone. Nothing else here removes data."""
    return (*project.argv, "down", *_grace(grace_s), "--volumes")


def ps(project: Project, *, services: Sequence[str] = ()) -> Argv:
    """All containers, running or not; see `compose_parse.ps`."""
    return (*project.argv, "ps", "--all", "--format", "json", *_last(services))


def images(project: Project) -> Argv:
    """The image of each container; see `compose_parse.images`."""
    return (*project.argv, "images", "--format", "json")


def logs(project: Project, *, services: Sequence[str] = (), tail: int = 200) -> Argv:
    flags = ("--no-color", "--timestamps", "--tail", str(tail))
    return (*project.argv, "logs", *flags, *_last(services))


def project_of(argv: Argv) -> str:
    """The project of a command made here; nothing for any other command."""
    at = argv.index("--project-name") + 1 if "--project-name" in argv else len(argv)
    return argv[at] if at < len(argv) else ""


def verb_of(argv: Argv) -> str:
    """``up``, ``config``: what stands behind the flags that `Project.argv` makes."""
    if "--ansi" not in argv:
        return ""
    rest = argv[argv.index("--ansi") :]
    while rest and rest[0].startswith("--"):
        rest = rest[2:]
    return rest[0] if rest else ""


def _grace(grace_s: int | None) -> Argv:
    return () if grace_s is None else ("--timeout", str(grace_s))


def _flags(*flags: tuple[str, bool]) -> Argv:
    return tuple(word for word, wanted in flags if wanted)


def _last(services: Sequence[str]) -> Argv:
    return ("--", *services) if services else ()
