"""What the ways in take and answer with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import AfterValidator, AwareDatetime

from audit.moments import in_utc
from siteflow.accounts.models import ApiToken

Scope = Literal["read", "operate", "manage", "terminal", "audit", "accounts"]


class Credentials(Schema):
    username: str = Field(min_length=1, max_length=150)
    password: str = Field(min_length=1, max_length=4096)
    code: str = Field("", max_length=32, description="second factor, where the account has one")


class Refresh(Schema):
    refresh: str = Field(max_length=2000)


class PairOut(Schema):
    access: str
    refresh: str
    expires_in: int = Field(description="seconds the access token lasts")


class TicketOut(Schema):
    ticket: str
    expires_in: int


class SecondFactor(Schema):
    enabled: bool
    required: bool


class Me(Schema):
    id: int
    username: str
    roles: list[str]
    permissions: dict[str, str] = Field(
        description="`all`: for everything; `some`: for some hosts or sites"
    )
    scopes: list[str] | None = Field(description="the token's ceiling; null: none")
    second_factor: SecondFactor


class TokenIn(Schema):
    name: str = Field(min_length=1, max_length=100)
    scopes: list[Scope] = Field(min_length=1)
    expires_at: Annotated[AwareDatetime, AfterValidator(in_utc)] | None = None


class TokenOut(Schema):
    id: int
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str | None
    revoked_at: datetime | None


class TokenMade(TokenOut):
    token: str = Field(description="shown this once")


class TokenList(Schema):
    items: list[TokenOut]
    total: int


def token_out(token: ApiToken) -> dict[str, Any]:
    return {name: getattr(token, name) for name in TokenOut.model_fields}
