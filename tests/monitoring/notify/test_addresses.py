from __future__ import annotations

import pytest

from monitoring.notify.addresses import BadAddress, checked
from monitoring.notify.services import SERVICES


@pytest.mark.parametrize(
    ("url", "kind", "hint"),
    [
        ("mailtos://u:s3cret@mail.example.org?to=a@b.c", "mailtos", "mailtos://mail.example.org/…"),
        ("JSONS://u:s3cret@10.0.0.5:8443/s3cret", "jsons", "jsons://10.0.0.5/…"),
        ("json://[2001:db8::1]/s3cret", "json", "json://2001:db8::1/…"),
        ("json://s3cret{}@s3cret_/x", "json", "json://…/…"),
        ("jsons://example.org/x?+X-Token=s3cret&:a=b&-c=d", "jsons", "jsons://example.org/…"),
        ("slack://s3cretA/s3cretB/s3cretC/#ops", "slack", "slack://…"),
        ("discord://s3cret/s3cret", "discord", "discord://…"),
        ("tgram://s3cret/12", "tgram", "tgram://…"),
        ("ntfy://s3crettopic", "ntfy", "ntfy://…"),
        ("matrixs://s3cret", "matrixs", "matrixs://…"),
        ("gotifys://example.org/s3cret?verify=no", "gotifys", "gotifys://example.org/…"),
    ],
)
def test_only_kind_and_host_of_an_address_are_shown(url: str, kind: str, hint: str) -> None:
    shown = checked(url)
    assert (shown.kind, shown.hint) == (kind, hint)
    assert "s3cret" not in hint


@pytest.mark.parametrize(
    "schema",
    [
        "syslog", "rsyslog", "dbus", "qt", "gnome", "glib", "kde", "macosx", "windows", "file",
        "schan", "apprise", "apprises", "mqtt", "growl", "xml", "smpp", "vapid", "fcm", "blink1",
        "deltachat", "irc", "python", "", "jsonss", "json:json",
    ],
)  # fmt: skip
def test_whatever_is_not_on_the_list_is_refused(schema: str) -> None:
    with pytest.raises(BadAddress) as refused:
        checked(f"{schema}://s3cret/")
    assert "s3cret" not in refused.value.message


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://hooks.slack.com/services/s3cret", "jsons://"),
        ("json://example.org/a s3cret", "blanks"),
        ("json://example.org/\nsyslog://", "blanks"),
        ("json://example.org/ä", "%XX"),
        ("json://", "tells services only"),
        ("json://" + "x" * 2000, "2000 characters"),
        ("slack://a/b/c?template=/etc/passwd", "takes only"),
        ("discord://a/b?%74emplate=/etc/passwd", "takes only"),
        ("discord://a/b?TEMPLATE=/etc/passwd", "takes only"),
        ("mailto://u:p@example.org?pgppub=/etc/shadow", "takes only"),
        ("mailto://u:p@example.org?+X-Header=1", "takes only"),
        ("ntfys://topic?attach=file:///etc/passwd", "takes only"),
        ("slack://a/b/c/#ops?template=/etc/passwd", "takes only"),
        ("json://example.org?redirect=yes", "takes only"),
        ("json://example.org?method=DELETE", "method=POST"),
        ("json://example.org?format=html", "takes only"),
    ],
)
def test_what_an_address_may_not_hold(url: str, words: str) -> None:
    with pytest.raises(BadAddress, match=words.replace("%", "%")) as refused:
        checked(url)
    assert "s3cret" not in refused.value.message and "passwd" not in refused.value.message


def test_each_service_says_how_its_addresses_look() -> None:
    for service in SERVICES:
        assert checked(service.form).kind == service.schemas[0]


def test_no_parameter_that_reads_a_file_is_on_the_list() -> None:
    reading = {"template", "pgp", "pgppub", "pgpprv", "attach", "keyfile", "subfile", "file_url"}
    assert not any(service.params & reading for service in SERVICES)
    schemas = [schema for service in SERVICES for schema in service.schemas]
    assert len(schemas) == len(set(schemas))
