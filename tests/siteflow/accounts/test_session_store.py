"""A browser's session is kept under a hash of its key, like tokens."""

from __future__ import annotations

from importlib import import_module

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from siteflow.accounts.models import Login
from siteflow.accounts.session_store import SessionStore, stored
from tests.people import logged_in

pytestmark = pytest.mark.django_db


def cookie_of(client: Client) -> str:
    return str(client.cookies["sessionid"].value)


def test_what_the_database_holds_lets_nobody_in(alice: User) -> None:
    browser, thief = logged_in(alice), Client()
    for known in (Session.objects.get().session_key, Login.objects.get().session_key):
        assert known != cookie_of(browser)
        thief.cookies["sessionid"] = known
        assert thief.get("/api/auth/me").status_code == 401
    assert browser.get("/api/auth/me").status_code == 200


def test_it_is_found_kept_and_ended_by_its_cookie(alice: User) -> None:
    browser = logged_in(alice)
    key = cookie_of(browser)
    store = SessionStore(key)
    store["seen"] = 1
    store.save()
    assert SessionStore(key)["seen"] == 1 and SessionStore().exists(key)
    assert SessionStore.reading(stored(key))["seen"] == 1
    store.cycle_key()
    assert not store.exists(key) and SessionStore(store.session_key)["seen"] == 1
    store.flush()
    assert not Session.objects.exists()


def test_the_same_from_asynchronous_code(alice: User) -> None:
    key = cookie_of(logged_in(alice))

    async def ask() -> None:
        store = SessionStore(key)
        await store.aset("seen", 1)
        await store.asave()
        assert await SessionStore(key).aget("seen") == 1
        assert await store.aexists(key)
        await store.adelete()
        assert not await store.aexists(key)

    async_to_sync(ask)()


def test_sessions_from_before_stay_open(alice: User) -> None:
    browser = logged_in(alice)
    key = cookie_of(browser)
    Session.objects.update(session_key=key)  # as it used to be
    Login.objects.update(session_key=key)
    assert browser.get("/api/auth/me").status_code == 401
    migration = import_module("siteflow.accounts.migrations.0002_sessions_under_a_hash")
    migration.hash_keys(apps, None)
    browser.cookies["sessionid"] = key  # the refusal took it away
    assert browser.get("/api/auth/me").status_code == 200
    assert Login.objects.get().session_key == stored(key)
