"""What a new container is asked for with, and what of that may be told to others."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from audit.masking import clean_json
from provisioning.drivers.hostile import printable, storable
from provisioning.inspect_masks import masked_argv
from provisioning.new_container import written
from provisioning.operations.contract import Sealed

NAME: Final = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}$"  # a name of one letter Docker takes for none
MIN_MEMORY: Final = 6 * 1024 * 1024  # less than this the Engine refuses
MAX_MEMORY: Final = 2**50
MAX_ENVIRONMENT: Final = 256 * 1024  # characters; the kernel has limits of its own
_VOLUME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
_VARIABLE: Final = re.compile(r"[^=\0\s]{1,255}")
_SHOWN_CHARS: Final = 4_000

Restart = Literal["no", "on-failure", "always", "unless-stopped"]


def _storable(text: str) -> str:
    if storable(text, limit=len(text)) != text:
        raise ValueError("this holds a character that cannot be kept")
    return text


def _plain(text: str) -> str:
    if printable(text, limit=len(text) + 1) != text:
        raise ValueError("this holds a character that no name has")
    return text


def _read(how: Callable[[str], Any]) -> BeforeValidator:
    return BeforeValidator(lambda given: how(given) if isinstance(given, str) else given)


AS_SIZE: Final = _read(written.size)
Text = Annotated[str, Field(max_length=65_536), AfterValidator(_storable)]
Plain = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_plain)]


NetworkName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.:-]{0,127}$")]


class PublishedPort(BaseModel):
    """Written as an object or as ``127.0.0.1:8080:80/tcp``. Without ``host`` Docker takes a free
    port; ``address`` is the host's own loopback unless another one is named."""

    model_config = ConfigDict(extra="forbid")
    container: int = Field(ge=1, le=65_535)
    host: int | None = Field(default=None, ge=1, le=65_535)
    address: str = Field(default="127.0.0.1", max_length=45)
    protocol: Literal["tcp", "udp"] = "tcp"

    @model_validator(mode="after")
    def _address(self) -> PublishedPort:
        try:
            ipaddress.ip_address(self.address)
        except ValueError:
            raise ValueError("address: this is not an IP address") from None
        return self

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.host or ''}:{self.container}/{self.protocol}"


class Mount(BaseModel):
    """Written as an object or as ``source:/target[:ro]``. ``source`` is the name of a volume, or a
    folder of the host when it begins with a slash."""

    model_config = ConfigDict(extra="forbid")
    source: Plain
    target: Plain
    read_only: bool = False

    @model_validator(mode="after")
    def _target(self) -> Mount:
        if not self.is_bind and not _VOLUME.fullmatch(self.source):
            raise ValueError("source: no volume is called so; a folder begins with /")
        if not self.target.startswith("/") or self.target.strip("/.") == "":
            raise ValueError("target: this is not a folder inside the container, such as /data")
        return self

    @property
    def is_bind(self) -> bool:
        return self.source.startswith("/")

    def __str__(self) -> str:
        return f"{self.source}:{self.target}{':ro' if self.read_only else ''}"


class NewContainer(Sealed):
    """A container of its own on one host. Values of ``environment`` are never shown to anybody.

    ``command`` and ``entrypoint`` are lists of words: there is no shell. A volume or network that
    is not there yet is made, if its name begins with the container's and an underscore; without a
    network it gets one of its own. ``memory_bytes`` (a number, or a text such as
    256m), ``cpus`` and ``pids``: no limit unless given.
    ``pull``: ``missing`` fetches the image if the host lacks it. ``start``: false only makes it.
    What asks for more rights (``privileged``, ``cap_add``, ``devices``) is refused as for sites.
    """

    name: str = Field(pattern=NAME)
    image: Plain
    command: list[Text] = Field(default_factory=list, max_length=200)
    entrypoint: list[Text] = Field(default_factory=list, max_length=50)
    environment: dict[str, Text] = Field(default_factory=dict, max_length=500, repr=False)
    ports: list[Annotated[PublishedPort, _read(written.port)]] = Field(
        default_factory=list, max_length=100
    )
    volumes: list[Annotated[Mount, _read(written.mount)]] = Field(
        default_factory=list, max_length=100
    )
    networks: list[NetworkName] = Field(default_factory=list, max_length=20)
    memory_bytes: Annotated[int | None, AS_SIZE] = Field(default=None, ge=MIN_MEMORY, le=MAX_MEMORY)
    cpus: float | None = Field(default=None, ge=0.01, le=1024)
    pids: int | None = Field(default=None, ge=1, le=4_194_304)
    restart: Restart = "unless-stopped"
    labels: dict[Plain, Text] = Field(default_factory=dict, max_length=200)
    start: bool = True
    pull: Literal["missing", "never"] = "never"
    privileged: bool = False
    cap_add: list[Plain] = Field(default_factory=list, max_length=50)
    devices: list[Plain] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _environment(self) -> NewContainer:
        for name in self.environment:
            if not _VARIABLE.fullmatch(name) or storable(name, limit=255) != name:
                raise ValueError("environment: a variable's name has no blanks and no =")
        if sum(map(len, self.environment.values())) > MAX_ENVIRONMENT:
            raise ValueError("environment: together the values are too long")
        return self

    def told(self) -> dict[str, Any]:
        """Names of the environment without their values; words of commands that look secret too."""
        said = self.model_dump(mode="json", exclude={"environment", "command", "entrypoint"})
        said["ports"] = [str(port) for port in self.ports]
        said["volumes"] = [str(mount) for mount in self.volumes]
        for name in ("command", "entrypoint"):
            said[name] = masked_argv(getattr(self, name))
        said["environment"] = sorted(self.environment)
        shown: dict[str, Any] = clean_json(said, max_text=_SHOWN_CHARS)
        return shown
