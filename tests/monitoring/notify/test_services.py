"""What really reaches a mailbox and a webhook on this machine, by the program that sends it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring.notify.addresses import checked
from monitoring.notify.services import BY_SCHEMA, EVERYWHERE, SERVICES
from monitoring.notify.wording import message_of
from provisioning.drivers.notify import Message, Service, tell
from provisioning.drivers.notify_program import service_of
from tests.monitoring.notify.hook_server import Hooks, hooks
from tests.monitoring.notify.mail_server import Mailbox, mail_server
from tests.monitoring.notify.test_wording import HOSTILE, row
from tests.monitoring.waiting import until

TEST = Message("Critical: shop is down", "On web1.\nSince 22:30 UTC.", "failure")


def service(url: str) -> Service:
    schema = url.partition("://")[0]
    known = BY_SCHEMA[schema]
    return Service(url, schema, known.params | EVERYWHERE, known.free)


@pytest.fixture(scope="module")
def hook() -> Iterator[Hooks]:
    with hooks() as server:
        yield server


def test_a_webhook_gets_title_body_and_type(hook: Hooks) -> None:
    assert tell(service(f"{hook.address}/ok/plain"), TEST) == ""
    path, told = hook.told[-1]
    assert (path, told["title"], told["message"]) == ("/ok/plain", TEST.title, TEST.body)
    assert told["type"] == "failure"


@pytest.mark.parametrize("answer", ["big", "bomb", "endless"])
def test_an_answer_without_end_is_cut_off_and_the_status_counts(hook: Hooks, answer: str) -> None:
    assert tell(service(f"{hook.address}/{answer}"), TEST) == ""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("wrong", "It answered 500."),
        ("redirect", "It answered 307, a redirect, which is not followed"),
        ("garbage", "cannot be reached"),
    ],
)
def test_what_goes_wrong_is_said_in_our_words(hook: Hooks, answer: str, words: str) -> None:
    before = hook.count("/ok")
    error = tell(service(f"{hook.address}/{answer}"), TEST)
    assert words in error and "hidden" not in error and str(hook.server_port) not in error
    assert hook.count("/ok") == before


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("json://127.0.0.1:1/s3cret", "refused"),
        ("json://s3cret.invalid/", "not known"),
        ("slack://s3cret", "cannot be read"),
        ("discord://s3cret/x?template=/etc/passwd", "cannot be read"),
        ("ntfy://s3cret?attach=file:///etc/passwd", "cannot be read"),
    ],
)
def test_an_address_that_leads_nowhere_is_not_repeated(url: str, words: str) -> None:
    error = tell(service(url), TEST)
    assert words in error and "s3cret" not in error


def test_what_a_row_calls_otherwise_than_its_address_is_not_sent() -> None:
    wrong = Service("syslog://", "json", frozenset(), "")
    assert "cannot be read" in tell(wrong, TEST)


def test_plain_http_where_tls_is_wanted_is_said(hook: Hooks) -> None:
    assert "TLS failed" in tell(service(f"jsons://127.0.0.1:{hook.server_port}/ok"), TEST)


def test_the_address_is_in_no_argument_and_nothing_else_of_ours_is_passed_on(
    hook: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "s3cret-key")
    seen: list[bytes] = []

    class Watched(subprocess.Popen[bytes]):
        def communicate(self, *args: Any, **given: Any) -> Any:
            for name in ("cmdline", "environ"):  # it waits for what comes by stdin
                file = Path(f"/proc/{self.pid}/{name}")
                until(file.read_bytes)  # empty until its program has begun
                seen.append(file.read_bytes())
            return super().communicate(*args, **given)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    assert tell(service(f"{hook.address}/ok/s3cret-path"), TEST) == ""
    assert len(seen) == 2 and b"notify_program" in seen[0]
    assert not any(b"s3cret" in one for one in seen)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


def test_a_mail_arrives_once_with_its_subject_and_text(mailbox: Mailbox) -> None:
    assert tell(service(f"{mailbox.url}&to=ops@example.org"), TEST) == ""
    (mail,) = mailbox.mails
    assert (mail["Subject"], mail["To"]) == (TEST.title, "ops@example.org")
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == TEST.body.splitlines()


def test_a_hostile_name_adds_no_header(mailbox: Mailbox) -> None:
    told = message_of([row(HOSTILE, body=HOSTILE)], chat=False)
    assert tell(service(f"{mailbox.url}&to=ops@example.org"), told) == ""
    (mail,) = mailbox.mails
    assert mail["Bcc"] is None and mail["Subject"].startswith("Critical: web Bcc: all")
    assert "<!channel>" in mail.get_content()


def test_a_mail_that_is_refused_is_said_without_the_server_s_text(
    mailbox: Mailbox,
) -> None:
    error = tell(service(f"{mailbox.url}&to=nobody@example.org"), TEST)
    assert error == "The mail server refused it with 550." and not mailbox.mails


@pytest.mark.parametrize("answer", ["hanging", "dripping"])
def test_nothing_is_left_running_after_a_deadline(hook: Hooks, answer: str) -> None:
    """However slowly it drips: the deadline is for all of it, and no pause between two bytes."""
    assert "in time" in tell(service(f"{hook.address}/{answer}"), TEST, timeout_s=3)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
    assert not any(b"notify_program" in line for line in lines)


# One of each schema, as each service's own description of its addresses has it.
_KEY = "a" * 40
ADDRESSES = {
    "mailtos": "user:pass@example.org?smtp=mail.example.org&to=a@example.org&from=b@example.org"
    "&name=x&reply=c@example.org&cc=d@example.org&bcc=e@example.org&mode=ssl&verify=no",
    "mailto": "example.org?user=a&pass=b&to=c@example.org&smtp=mail.example.org",
    "jsons": "user:pass@example.org/hook?method=PUT&+X-Token=b&:field=c&-query=d&verify=no",
    "forms": "example.org/hook?method=post",
    "slack": "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops?footer=no&image=no&timestamp=no",
    "discord": f"4174216298/{_KEY}?thread=1&image=no&footer=no&avatar=no",
    "tgram": f"123456789:{_KEY}/12315544?silent=yes&preview=no&topic=3",
    "workflows": "example.org:443/workflow/signature?image=no",
    "mmosts": "example.org/token?channel=ops&image=no",
    "matrixs": "user:pass@example.org/#ops?msgtype=notice&image=no",
    "rockets": "user:pass@example.org/#ops?avatar=no",
    "zulip": f"bot@organisation/{'a' * 32}/stream",
    "gchat": "workspace/key/token",
    "wxteams": "a" * 80,
    "nctalks": "user:pass@example.org/room?silent=yes",
    "synologys": "example.org/token",
    "signals": "example.org:9000/+12223334444/+12223335555",
    "ntfys": "user:pass@example.org/topic?priority=high&xtags=a",
    "gotifys": "example.org/aaaaaaaaaaaaaaa?priority=high",
    "pover": f"{'u' * 30}@{'a' * 30}?priority=high&sound=siren",
    "pbul": "a" * 32,
    "prowl": f"{_KEY}?priority=high",
}


# apprise looks for packages of services that we do not use, which find it there
OLD_MODULE = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@OLD_MODULE
@pytest.mark.parametrize("schema", [schema for one in SERVICES for schema in one.schemas])
def test_what_we_let_in_is_what_apprise_reads(schema: str) -> None:
    known = BY_SCHEMA[schema]
    rest = ADDRESSES.get(schema) or ADDRESSES[known.schemas[0]]
    url = f"{schema}://{rest}"
    assert checked(url).kind == schema
    params = sorted(known.params | EVERYWHERE)
    assert service_of(url, schema=schema, params=params, free=known.free) is not None
    assert service_of(url, schema="json", params=params, free="+-:") is None or schema == "json"


@OLD_MODULE
def test_a_parameter_that_we_overlooked_is_refused_by_the_program() -> None:
    url = "jsons://example.org/hook?+X-Token=b"
    assert service_of(url, schema="jsons", params=[], free="+") is not None
    assert service_of(url, schema="jsons", params=[], free="-:") is None
    assert service_of("jsons://example.org/?method=GET", schema="jsons", params=[], free="") is None
