"""Addresses of the API about hosts, what is on them, and containers."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.siteflow.matrix.rows import LIST, ONE, Row, manage, operate, plan
from tests.siteflow.permission_table.sent import (
    IMAGE,
    NAS_FOLDER,
    NEW_CONTAINER,
    NEW_HOST,
    NEW_NAS,
    PRUNE,
    THING,
)

API: Final[dict[tuple[str, str], Row]] = {
    ("get", "/api/hosts"): LIST,
    ("post", "/api/hosts"): manage(201, NEW_HOST, hidden=403),
    ("post", "/api/hosts/generate-key"): manage(201, {}, hidden=403),
    ("get", "/api/hosts/{host_id}"): ONE,
    ("patch", "/api/hosts/{host_id}"): manage(200, {"sudo": True}),
    ("delete", "/api/hosts/{host_id}"): manage(200, {"confirm_name": "NAME"}, prepare="idle"),
    ("post", "/api/hosts/{host_id}/approve-key"): manage(200, {"fingerprint": "FINGERPRINT"}),
    ("get", "/api/hosts/{host_id}/facts"): ONE,
    ("get", "/api/hosts/{host_id}/services"): ONE,
    ("post", "/api/hosts/{target_id}/test"): operate(),
    ("post", "/api/hosts/{target_id}/refresh"): operate(),
    ("post", "/api/hosts/{target_id}/rotate-key"): manage(202, {}),
    ("post", "/api/hosts/{target_id}/restart-service"): operate({"service": "nginx.service"}),
    ("get", "/api/hosts/{host_id}/proxy"): ONE,
    ("post", "/api/hosts/{target_id}/proxy-install"): manage(202, {}),
    ("post", "/api/hosts/{target_id}/proxy-sync"): manage(202, {}),
    ("post", "/api/hosts/{target_id}/proxy-reload"): operate(),
    ("post", "/api/hosts/{target_id}/nas-check"): operate(),
    ("get", "/api/hosts/{host_id}/nas"): ONE,
    ("put", "/api/hosts/{host_id}/nas"): manage(200, NEW_NAS, prepare="by ssh"),
    ("delete", "/api/hosts/{host_id}/nas"): manage(
        200, {"root": NAS_FOLDER, "confirm_name": "NAME"}
    ),
    ("get", "/api/hosts/{host_id}/images"): ONE,
    ("get", "/api/hosts/{host_id}/images/prune-plan"): plan("manage"),
    ("get", "/api/hosts/{host_id}/volumes"): ONE,
    ("get", "/api/hosts/{host_id}/networks"): ONE,
    ("post", "/api/hosts/{target_id}/measure"): operate(),
    ("post", "/api/hosts/{target_id}/image-pull"): operate(IMAGE),
    ("post", "/api/hosts/{target_id}/image-check"): operate(),
    ("post", "/api/hosts/{target_id}/image-tag"): operate({**IMAGE, "new_name": "web:2"}),
    ("post", "/api/hosts/{target_id}/image-remove"): manage(202, IMAGE, prepare="idle"),
    ("post", "/api/hosts/{target_id}/image-prune"): manage(202, PRUNE, prepare="idle"),
    ("post", "/api/hosts/{target_id}/volume-create"): operate({"name": "data"}),
    ("post", "/api/hosts/{target_id}/volume-remove"): manage(202, THING, prepare="idle"),
    ("post", "/api/hosts/{target_id}/network-create"): operate({"name": "back"}),
    ("post", "/api/hosts/{target_id}/network-remove"): manage(202, THING, prepare="idle"),
    ("get", "/api/containers"): LIST,
    ("get", "/api/containers/{container_id}"): ONE,
    ("get", "/api/containers/{container_id}/logs"): ONE,
    ("get", "/api/containers/{container_id}/inspect"): ONE,
    ("post", "/api/containers"): replace(
        manage(202, {**NEW_CONTAINER, "host": "KEY"}), kind="host"
    ),
    ("post", "/api/containers/plan"): plan("manage", {**NEW_CONTAINER, "host": "KEY"}, kind="host"),
    ("post", "/api/hosts/{target_id}/container-create"): manage(202, NEW_CONTAINER),
    ("post", "/api/containers/{target_id}/limits"): operate({"pids": 100}),
    ("post", "/api/containers/{target_id}/start"): operate(),
    ("post", "/api/containers/{target_id}/stop"): operate(),
    ("post", "/api/containers/{target_id}/restart"): operate(),
    ("post", "/api/containers/{target_id}/kill"): operate(),
    ("post", "/api/containers/{target_id}/pause"): operate(),
    ("post", "/api/containers/{target_id}/unpause"): operate(),
    ("post", "/api/containers/{target_id}/remove"): operate(
        {"confirm_name": "NAME"}, needs="remove"
    ),
}
