from __future__ import annotations

from provisioning.drivers.caddy_vhost import Acme, Block, Folders, Route, Vhost, block


def proxy(name: str) -> dict[str, object]:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"{{file./etc/caddy/upstreams/{name}}}"}],
        "stream_close_delay": "24h",
        "load_balancing": {"try_duration": "2s", "try_interval": "250ms"},
    }


def inner(made: Block) -> list[dict[str, object]]:
    route = made.https or made.http or {}
    found: list[dict[str, object]] = route["handle"][0]["routes"]
    return found


def test_the_whole_of_a_vhost() -> None:
    made = block(Vhost("shop.test", "shop.web", tls="internal"))
    routes = [
        {"handle": [{"handler": "vars", "access_logger_names": ["siteflow_shop.test"]}]},
        {"handle": [proxy("shop.web")]},
    ]
    assert made == Block(
        https={
            "match": [{"host": ["shop.test"]}],
            "handle": [{"handler": "subroute", "routes": routes}],
            "terminal": True,
        },
        tls={"subjects": ["shop.test"], "issuers": [{"module": "internal"}]},
        log={
            "writer": {
                "output": "file",
                "filename": "/var/log/caddy/shop.test.log",
                "roll_size_mb": 20,
                "roll_keep": 5,
            },
            "encoder": {"format": "json"},
            "include": ["http.log.access.siteflow_shop.test"],
        },
    )


def test_a_public_certificate_needs_no_word() -> None:
    made = block(Vhost("shop.test", "shop.web"))
    assert made.https and made.tls is None and made.http is None


def test_an_authority_of_ones_own_gives_the_public_ones() -> None:
    acme = Acme("https://ca.test/dir", "/etc/caddy/acme/root.pem")
    made = block(Vhost("shop.test", "shop.web"), acme=acme)
    issuer = {"module": "acme", "ca": acme.directory, "trusted_roots_pem_files": [acme.root]}
    assert made.tls == {"subjects": ["shop.test"], "issuers": [issuer]}
    assert block(Vhost("shop.test", "s.web", tls="off"), acme=acme).tls is None
    internal = block(Vhost("shop.test", "s.web", tls="internal"), acme=acme).tls
    assert internal and internal["issuers"] == [{"module": "internal"}]


def test_without_a_certificate_it_is_plain_http() -> None:
    made = block(Vhost("shop.test", "shop.web", tls="off"))
    assert made.http and made.https is None and made.tls is None


def test_the_longest_path_comes_first() -> None:
    routes = (Route("/a", "s.a"), Route("/a/b/", "s.b"), Route("/b/", "s.c"))
    paths = [one["match"] for one in inner(block(Vhost("shop.test", "s.web", routes)))[1:-1]]
    assert paths == [[{"path": ["/a/b/*"]}], [{"path": ["/b/*"]}], [{"path": ["/a", "/a/*"]}]]


def test_users_are_asked_before_anything_is_passed_on() -> None:
    vhost = Vhost("shop.test", "s.web", (Route("/a", "s.a"),), basic_auth=(("b", "2"), ("a", "1")))
    handler: object = inner(block(vhost))[1]["handle"]
    assert handler == [
        {
            "handler": "authentication",
            "providers": {
                "http_basic": {
                    "accounts": [
                        {"username": "a", "password": "1"},
                        {"username": "b", "password": "2"},
                    ],
                    "hash": {"algorithm": "bcrypt"},
                    "hash_cache": {},
                }
            },
        }
    ]


def test_a_redirect_passes_nothing_on() -> None:
    made = block(Vhost("www.shop.test", "s.web", redirect_to="https://shop.test"))
    assert inner(made)[1:] == [
        {
            "handle": [
                {
                    "handler": "static_response",
                    "status_code": 308,
                    "headers": {"Location": ["https://shop.test{http.request.uri}"]},
                }
            ]
        }
    ]


def test_without_an_upstream_it_says_so() -> None:
    assert inner(block(Vhost("shop.test")))[-1]["handle"][0]["status_code"] == 503  # type: ignore[index]


def test_without_an_access_log_nothing_is_written() -> None:
    made = block(Vhost("shop.test", "s.web", access_log=False))
    assert made.log is None
    assert inner(made)[0] == {"handle": [{"handler": "vars", "log_skip": True}]}


def test_folders_of_another_caddy() -> None:
    made = block(Vhost("shop.test", "s.web"), folders=Folders("/logs", "/up"))
    assert "{file./up/s.web}" in str(made.https) and made.log
    assert made.log["writer"]["filename"] == "/logs/shop.test.log"
