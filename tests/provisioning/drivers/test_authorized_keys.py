"""One line in, one line out, and not a byte besides."""

from __future__ import annotations

import pytest

from provisioning.drivers.authorized_keys import holds, with_key, without_key
from provisioning.drivers.keys import generate_ed25519

OLD = generate_ed25519("siteflow@web1").public_line
NEW = generate_ed25519("siteflow@web1").public_line
OTHER = generate_ed25519("charlie with a long comment").public_line
OLD_B, NEW_B, OTHER_B = OLD.encode(), NEW.encode(), OTHER.encode()

FILES = [
    b"",
    OLD_B + b"\n",
    OLD_B,
    b"# by hand\n\n" + OTHER_B + b"\n" + OLD_B + b"\n",
    OTHER_B + b"\r\n" + OLD_B + b"\r\n",
    OTHER_B + b"\r\n" + OLD_B,
    b'from="10.0.0.0/8,!10.1.0.1",no-pty ' + OTHER_B + b"\n" + OLD_B + b"\n\n\n",
    b'command="echo \\"a b\\" # no" ' + OTHER_B + b"\n" + OLD_B,
    b"\xff\xfe not a key\n" + OLD_B + b"\n \t\n",
    b"   " + OLD_B + b"\n",
    OTHER_B,
]


@pytest.mark.parametrize("data", FILES)
def test_what_is_added_can_be_taken_back_to_the_byte(data: bytes) -> None:
    added = with_key(data, NEW, like=OLD)
    assert holds(added, NEW) and added != data
    assert without_key(added, NEW) == data


def without(data: bytes, key: bytes) -> list[bytes]:
    """The other lines; only an ending of the last one may have been added."""
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    return [line for line in lines if key not in line]


@pytest.mark.parametrize("data", FILES)
def test_all_other_lines_stay_as_they_are(data: bytes) -> None:
    added = with_key(data, NEW, like=OLD)
    assert added.startswith(data)
    left = without_key(added, OLD)
    assert not holds(left, OLD) and holds(left, NEW)
    assert without(left, NEW_B) == without(data, OLD_B)


def test_a_key_that_is_there_is_not_added_again() -> None:
    data = b"no-pty " + NEW_B + b"\n"
    assert with_key(data, NEW) == data


def test_the_new_line_is_no_wider_than_the_old_one() -> None:
    data = b'from="192.0.2.1",command="a \\"b\\" c" ' + OLD_B + b"\n"
    assert with_key(data, NEW, like=OLD).splitlines()[1] == (
        b'from="192.0.2.1",command="a \\"b\\" c" ' + NEW_B
    )


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_new_line_ends_as_the_others_do(ending: bytes) -> None:
    assert with_key(OTHER_B + ending, NEW) == OTHER_B + ending + NEW_B + ending


def test_only_the_very_key_is_taken_out() -> None:
    blob = OLD_B.split()[1]
    lookalikes = [
        b"# " + OLD_B,
        b'command="' + OLD_B + b'" ' + OTHER_B,
        b"ssh-ed25519 " + blob[:-1] + b" siteflow@web1",
        b"ssh-ed25519 " + blob + b"A siteflow@web1",
        OTHER_B.rsplit(b" ", 5)[0] + b" " + blob,
    ]
    data = b"\n".join(lookalikes) + b"\n"
    assert without_key(data + OLD_B + b"\n", OLD) == data
    assert not holds(data, OLD)


def test_the_same_key_with_other_options_and_comments_goes_everywhere() -> None:
    data = OLD_B + b"\n" + OTHER_B + b"\nno-pty " + b" ".join(OLD_B.split()[:2]) + b" else\n"
    assert without_key(data, OLD) == OTHER_B + b"\n"
