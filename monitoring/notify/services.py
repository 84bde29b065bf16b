"""The services that may be told, and what of an address each takes.

A list of what is allowed: apprise knows many more, among them some that run programs, write files
or read them (templates, keys, attachments) on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """``schemas``: how its addresses begin. ``at_host``: the part behind ``//`` is a host's name
    and may be shown; elsewhere it is a token. ``params``: what may stand behind ``?``; those that
    begin with a character of ``free`` have names of one's own (headers, fields of a form)."""

    label: str
    schemas: tuple[str, ...]
    form: str  # how an address looks, for people
    params: frozenset[str] = frozenset()
    at_host: bool = False
    free: str = ""
    chat: bool = True  # reads markup and mentions out of plain text


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SERVICES: Final = (
    Service(
        "E-mail", ("mailtos", "mailto"),
        "mailtos://USER:PASSWORD@example.org?smtp=mail.example.org&to=ops@example.org",
        _words("from name to cc bcc reply smtp mode user pass"), at_host=True, chat=False,
    ),
    Service(
        "Webhook (JSON)", ("jsons", "json"), "jsons://USER:PASSWORD@example.org/hook",
        _words("method"), at_host=True, free="+-:", chat=False,
    ),
    Service(
        "Webhook (form)", ("forms", "form"), "forms://USER:PASSWORD@example.org/hook",
        _words("method"), at_host=True, free="+-:", chat=False,
    ),
    Service("Slack", ("slack",), "slack://TOKEN_A/TOKEN_B/TOKEN_C/#CHANNEL",
            _words("to image footer timestamp mode")),
    Service("Discord", ("discord",), "discord://WEBHOOK_ID/WEBHOOK_TOKEN",
            _words("thread image footer avatar")),
    Service("Telegram", ("tgram",), "tgram://BOT_TOKEN/CHAT_ID",
            _words("to topic thread silent preview")),
    Service(
        "Microsoft Teams", ("workflows",), "workflows://HOST/WORKFLOW/SIGNATURE",
        _words("id image pa powerautomate route routeid wrap sig ver api-version"), at_host=True,
    ),
    Service("Mattermost", ("mmosts", "mmost"), "mmosts://example.org/TOKEN",
            _words("to channel channels team botname image mode"), at_host=True),
    Service("Matrix", ("matrixs", "matrix"), "matrixs://USER:PASSWORD@example.org/#ROOM",
            _words("to token image mode msgtype version")),
    Service("Rocket.Chat", ("rockets", "rocket"), "rockets://USER:PASSWORD@example.org/#CHANNEL",
            _words("to avatar mode")),
    Service("Zulip", ("zulip",), "zulip://BOT@ORGANISATION/TOKEN/STREAM", _words("to")),
    Service("Google Chat", ("gchat",), "gchat://WORKSPACE/KEY/TOKEN", _words("thread")),
    Service("Webex", ("wxteams", "webex"), "wxteams://TOKEN", _words("to mode")),
    Service("Nextcloud Talk", ("nctalks", "nctalk"), "nctalks://USER:PASSWORD@example.org/ROOM",
            _words("silent url_prefix"), at_host=True),
    Service("Synology Chat", ("synologys", "synology"), "synologys://example.org/TOKEN",
            _words("token"), at_host=True),
    Service("Signal", ("signals", "signal"), "signals://example.org/FROM_PHONE/TO_PHONE",
            _words("from to status"), at_host=True),
    Service("ntfy", ("ntfys", "ntfy"), "ntfys://USER:PASSWORD@example.org/TOPIC",
            _words("to priority xtags mode auth token")),
    Service("Gotify", ("gotifys", "gotify"), "gotifys://example.org/TOKEN",
            _words("priority"), at_host=True),
    Service("Pushover", ("pover",), "pover://USER_KEY@TOKEN", _words("to priority sound")),
    Service("Pushbullet", ("pbul",), "pbul://ACCESS_TOKEN", _words("to")),
    Service("Prowl", ("prowl",), "prowl://API_KEY", _words("priority")),
)  # fmt: skip
# `verify=no`: a certificate that nobody signed is taken, for services in one's own network.
EVERYWHERE: Final = frozenset({"verify"})
BY_SCHEMA: Final = {schema: one for one in SERVICES for schema in one.schemas}


def label_of(kind: str) -> str:
    service = BY_SCHEMA.get(kind)
    return service.label if service else kind
