from __future__ import annotations

import sys

from tests.static.allowed import ALLOWED
from tests.static.project import complaints, findings

if __name__ == "__main__":
    found = complaints(findings(), ALLOWED)
    print("\n".join(found), file=sys.stderr)
    sys.exit(bool(found))
