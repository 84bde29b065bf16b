"""What a template says of itself (template.json), and what files it may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from provisioning.site_templates.params import Params

COMPOSE: Final = "compose.yml"
README: Final = "README.md"
MAX_FILES: Final = 100
MAX_FILE_CHARACTERS: Final = 512 * 1024
MAX_CHARACTERS: Final = 1024 * 1024  # of all files together
_PATH_PART: Final = re.compile(r"[A-Za-z0-9_\[\]().@-]{1,80}\Z")
# Made by SiteFlow in a site's folder, or by the site itself.
_TAKEN: Final = frozenset({".env", "data", "logs", "releases", ".git"})
# What every site's environment has, whatever its template.
STANDARD: Final = (
    "COMPOSE_PROJECT_NAME", "SITE_NAME", "SITE_DOMAIN", "SITE_URL", "SITE_ENVIRONMENT",
)  # fmt: skip
_RESERVED: Final = re.compile(r"(COMPOSE|DOCKER|BUILDKIT|LD)_|(PATH|HOME|PWD|SHELL|USER)\Z")

Service = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=63)]
Short = Annotated[str, Field(min_length=1, max_length=80)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]


class TemplateError(Exception):
    """A template that cannot be used; ``field`` names the part or the file."""

    def __init__(self, message: str, *, field: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code


class Secret(BaseModel):
    """A value made for each site and told to nobody who may not see it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=40)
    length: int = Field(default=32, ge=16, le=128)
    description: str = Field(default="", max_length=300)


class Manifest(BaseModel):
    """template.json. ``memory_bytes`` and ``disk_bytes`` are what a new site needs at least;
    ``probe_path`` answers 200 on ``web_port`` of ``web_service`` once the site works."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Slug
    version: int = Field(default=1, ge=1, le=1_000_000)
    name: Short
    description: str = Field(default="", max_length=1_000)
    cms: str = Field(default="", max_length=80)
    stack: str = Field(default="", max_length=120)
    best_for: str = Field(default="", max_length=200)
    required_services: tuple[Short, ...] = Field(default=(), max_length=20)
    params: Params = Params()
    secrets: tuple[Secret, ...] = Field(default=(), max_length=30)
    web_service: Service
    web_port: int = Field(ge=1, le=65_535)
    probe_path: str = Field(default="/", pattern=r"^/[\x21-\x7e]*$", max_length=200)
    stateless_services: tuple[Service, ...] = Field(default=(), max_length=20)
    memory_bytes: int = Field(default=0, ge=0, le=2**50)
    disk_bytes: int = Field(default=0, ge=0, le=2**50)
    images: tuple[Short, ...] = Field(default=(), max_length=30)

    @field_validator("required_services", "images")
    @classmethod
    def _each_once(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(values))

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        names = [*map(str.upper, self.params.properties), *(each.name for each in self.secrets)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} is set twice, by parameters or secrets")
            if name in STANDARD or _RESERVED.match(name):
                raise ValueError(f"{name} is a name that a template cannot set")
        return self

    def env_names(self) -> frozenset[str]:
        """All that the compose file may refer to."""
        own = (*map(str.upper, self.params.properties), *(each.name for each in self.secrets))
        return frozenset((*STANDARD, *own))

    def shown(self) -> dict[str, Any]:
        """As JSON; the parameters as a schema."""
        return {**self.model_dump(mode="json"), "params": self.params.schema_text()}


class Template(BaseModel):
    """A manifest with its files. ``origin``: it came along with SiteFlow or was made here."""

    model_config = ConfigDict(frozen=True)
    manifest: Manifest
    files: Mapping[str, str] = Field(repr=False)
    origin: Literal["shipped", "own"] = "shipped"
    retired: bool = False

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def version(self) -> int:
        return self.manifest.version

    @property
    def compose(self) -> str:
        return self.files[COMPOSE]


def manifest_of(told: Mapping[str, Any]) -> Manifest:
    """Raises TemplateError with the first thing that is wrong."""
    try:
        return Manifest.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        words = str(first["msg"]).removeprefix("Value error, ")
        raise TemplateError(f"{field or 'manifest'}: {words}.", field=field) from None


def check_files(files: Mapping[str, str]) -> None:
    """Paths below the site's folder, of a size that can be looked through; TemplateError."""
    if COMPOSE not in files:
        raise TemplateError(f"files: there is no {COMPOSE}.", field="files")
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_CHARACTERS:
        raise TemplateError(
            f"files: at most {MAX_FILES} with {MAX_CHARACTERS} characters together.", field="files"
        )
    for path, text in files.items():
        if reason := _wrong_path(path):
            raise TemplateError(f"files: {path[:200]!r}: {reason}.", field="files")
        if len(text) > MAX_FILE_CHARACTERS or "\0" in text:
            raise TemplateError(
                f"files: {path}: text of at most {MAX_FILE_CHARACTERS} characters.", field="files"
            )
    for path in files:
        if any(other.startswith(f"{path}/") for other in files):
            raise TemplateError(f"files: {path}: a file and a folder at once.", field="files")


def _wrong_path(path: str) -> str:
    parts = path.split("/")
    if len(path) > 200 or len(parts) > 10:
        return "too long"
    if any(part in (".", "..") or not _PATH_PART.match(part) for part in parts):
        return "a path below the site's folder, of letters, digits and . _ - @ ( ) [ ]"
    if parts[0].lower() in _TAKEN:
        return "SiteFlow keeps this itself"
    return ""
