from __future__ import annotations

from pathlib import Path

from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_files import FakeFile
from provisioning.drivers.stored_certificates import StoredFile, stored_files
from tests.provisioning.drivers.test_host_files import fails, local

NAME = "shop.example.com"
ACME = "acme-v02.api.letsencrypt.org-directory"


def put(store: Path, authority: str, name: str, text: bytes = b"certificate") -> Path:
    folder = store / authority / name
    folder.mkdir(parents=True)
    (folder / f"{name}.crt").write_bytes(text)
    (folder / f"{name}.key").write_bytes(b"key-never-to-be-read")
    return folder


def test_those_of_the_names_of_every_authority(tmp_path: Path) -> None:
    for authority, name in (("local", NAME), (ACME, NAME), ("local", "other.example.com")):
        put(tmp_path, authority, name, text=f"{authority} {name}".encode())
    found = stored_files(local(), str(tmp_path), [NAME, "none.example.com"])
    assert sorted(found, key=lambda one: one.authority) == [
        StoredFile(ACME, NAME, f"{ACME} {NAME}".encode()),
        StoredFile("local", NAME, f"local {NAME}".encode()),
    ]


def test_no_key_is_read(tmp_path: Path) -> None:
    folder = put(tmp_path, "local", NAME)
    (folder / f"{NAME}.key").chmod(0)
    said = local().run(("cat", str(folder / f"{NAME}.crt"))).stdout
    assert stored_files(local(), str(tmp_path), [NAME])[0].pem == said.encode()


def test_where_there_is_no_folder_there_are_none(tmp_path: Path) -> None:
    assert stored_files(local(), str(tmp_path / "none"), [NAME]) == []
    assert stored_files(FakeHost(), "/none", [NAME]) == []


def test_links_lead_nowhere(tmp_path: Path) -> None:
    store = tmp_path / "store"
    elsewhere = put(tmp_path / "elsewhere", "local", NAME)
    (store / "linked").mkdir(parents=True)
    (store / "linked" / NAME).symlink_to(elsewhere)
    (store / "whole").symlink_to(elsewhere.parent)
    (store / "file" / NAME).mkdir(parents=True)
    (store / "file" / NAME / f"{NAME}.crt").symlink_to(elsewhere / f"{NAME}.crt")
    assert stored_files(local(), str(store), [NAME]) == []


def test_a_file_without_end_is_cut(tmp_path: Path) -> None:
    put(tmp_path, "local", NAME, text=b"x" * 1_000_000)
    assert len(stored_files(local(), str(tmp_path), [NAME])[0].pem) == 40_000


def test_a_folder_with_an_odd_name_is_refused_as_a_whole(tmp_path: Path) -> None:
    put(tmp_path, "local x\nfoo", NAME)
    fails(lambda: stored_files(local(), str(tmp_path), [NAME]), "garbage")


def test_many_names_are_asked_for_in_parts() -> None:
    host, names = FakeHost(), [f"n{number}.example.com" for number in range(70)]
    for name in names:
        host.files[f"/store/local/{name}/{name}.crt"] = FakeFile(name.encode())
        host.files[f"/store/local/{name}/{name}.key"] = FakeFile(b"key")
    assert {one.pem.decode() for one in stored_files(host, "/store", names)} == set(names)
    assert len(host.ran) == 3
