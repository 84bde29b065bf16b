"""The container's own question: does it answer? Ends with code 0 if so."""

import sys
import urllib.request

try:
    with urllib.request.urlopen("http://127.0.0.1:8000/health/", timeout=4) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except OSError:
    sys.exit(1)
