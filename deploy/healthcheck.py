"""Probe the worker in this container: `healthcheck.py livez` or `healthcheck.py readyz`.

Prints the worker's answer with its reasons, and exits with 0 if it is 200. Reads the host and port
from where the worker reads them: the environment, or the folder of secrets.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

from sync_worker.config.loopback import address_to_ask
from sync_worker.config.sources import read_settings

_HOST, _PORT = "SYNC_WORKER_HTTP_HOST", "SYNC_WORKER_HTTP_PORT"
_DEFAULTS = {_HOST: "127.0.0.1", _PORT: "9464"}
_TIMEOUT_SECONDS = 4


def main(probe: str) -> int:
    """Return the exit code; a worker without an HTTP port counts as healthy."""
    given = {
        name: value.text for name, value in read_settings(os.environ, _DEFAULTS).values.items()
    }
    settings = _DEFAULTS | given
    port, host = int(settings[_PORT]), settings[_HOST]
    if port == 0:
        return _told("the HTTP port is off", is_well=True)
    connection = HTTPConnection(address_to_ask(host), port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"/{probe}?verbose")
        answer = connection.getresponse()
        return _told(answer.read().decode().strip(), is_well=answer.status == 200)
    except (OSError, HTTPException) as error:
        return _told(f"no answer: {error}", is_well=False)
    finally:
        connection.close()


def _told(sentence: str, *, is_well: bool) -> int:
    sys.stdout.write(f"{sentence}\n")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
