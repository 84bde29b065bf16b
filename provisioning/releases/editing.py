"""From an edit of a site's configuration to its next release, looked over and not saved yet."""

from __future__ import annotations

import re
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from provisioning.drivers import dotenv
from provisioning.drivers.errors import DriverError
from provisioning.operations.contract import VerbError
from provisioning.plans.wanted import MASK
from provisioning.releases import drafting
from provisioning.releases.masking import restored_compose
from provisioning.releases.models import Release
from provisioning.releases.numbers import origin_of

MAX_TEXT: Final = 200_000  # characters
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


class Configuration(BaseModel):
    """``revision`` is the one that was looked at. ``env`` is an .env file; a value that reads
    ••• stays what it is, and so does a masked line of ``compose``. What is not given stays."""

    model_config = ConfigDict(extra="forbid")
    revision: int = Field(ge=1)
    compose: str | None = Field(default=None, max_length=MAX_TEXT)
    env: SecretStr | None = Field(default=None, max_length=MAX_TEXT)
    template_version: int | None = Field(default=None, ge=1)
    message: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


def edited(base: Release, given: Configuration, *, number: int, by: str) -> Release:
    """Raises VerbError with the field that is wrong. Whether compose itself takes the file is seen
    on the host, when it is planned."""
    row = drafting.next_release(base, number=number, by=by)
    row.message = given.message
    compose, env = base.compose, base.reveal()
    if given.compose is not None:
        compose = _checked(restored_compose(given.compose, base.compose))
    if given.env is not None:
        env = _merged(env, given.env.get_secret_value())
    if given.template_version is not None:
        compose, env = _upgraded(row, base, given.template_version, compose, env)
    row.compose = compose
    row.secret_names = sorted(set(row.secret_names) & env.keys() | drafting.secret_looking(env))
    row.seal(env)
    return row


def _upgraded(
    row: Release, base: Release, version: int, compose: str, env: dict[str, str]
) -> tuple[str, dict[str, str]]:
    """What the template makes of the release, with what people changed of the last version."""
    origin = origin_of(base)
    made = drafting.to_template_version(row, version, base.reveal())
    if compose == base.compose:
        if base.compose != origin.compose:
            words = f"{base.site.name}: its compose file was changed by hand"
            words += f" since version {base.template_version} of {base.template}"
            raise VerbError(
                f"{words}: send the text that it is to have with version {version}.",
                code="compose_edited", field="compose",
            )  # fmt: skip
        compose = row.compose
    return compose, _three_way(origin.reveal(), env, made)


def _three_way(
    origin: dict[str, str], mine: dict[str, str], theirs: dict[str, str]
) -> dict[str, str]:
    """People's changes since the origin stay: values they set, names they added or took out."""
    changed = {name: value for name, value in mine.items() if value != origin.get(name)}
    taken_out = origin.keys() - mine.keys()
    return {name: value for name, value in theirs.items() if name not in taken_out} | changed


def _checked(text: str) -> str:
    """Browsers send line ends as CR LF."""
    text = text.replace("\r\n", "\n")
    try:
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        at = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise _wrong("compose", f"{at}{error.problem or 'this is no YAML'}") from None
    except (yaml.YAMLError, ValueError, RecursionError):  # dates out of the calendar, deep nests
        raise _wrong("compose", "this is no YAML") from None
    if not isinstance(found, dict) or not isinstance(found.get("services"), dict):
        raise _wrong("compose", "there are no services in it")
    return text


def _merged(old: dict[str, str], text: str) -> dict[str, str]:
    """The new environment, in which ••• stands for what is there."""
    try:
        new = dotenv.load(text)
    except DriverError as error:
        raise _wrong("env", error.message.removesuffix(".")) from None
    for name, value in new.items():
        if not _ENV_NAME.fullmatch(name):
            raise _wrong("env", f"{name[:40]!r} is no name of a variable")
        if value == MASK:
            if name not in old:
                raise _wrong("env", f"{name} has no value yet")
            new[name] = old[name]
    return new


def _wrong(field: str, words: str) -> VerbError:
    code = "bad_env" if field == "env" else "bad_compose"
    return VerbError(f"{field}: {words}.", code=code, field=field, status=422)
