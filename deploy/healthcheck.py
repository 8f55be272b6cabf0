"""Probe the worker in this container: `healthcheck.py livez` or `healthcheck.py readyz`.

With `--web` after that it probes the administrators' page. Prints the answer, which of a worker has
the reasons, and exits with 0 if it is 200. Reads the host and port from where the process reads
them: the environment, or the folder of secrets.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

from sync_worker.config.loopback import address_to_ask
from sync_worker.config.sources import read_settings

_WORKER = {"SYNC_WORKER_HTTP_HOST": "127.0.0.1", "SYNC_WORKER_HTTP_PORT": "9464"}
_PAGE = {"SYNC_WORKER_WEB_HOST": "127.0.0.1", "SYNC_WORKER_WEB_PORT": "8177"}
_TIMEOUT_SECONDS = 4


def main(probe: str, *, of_page: bool = False) -> int:
    """Return the exit code; a worker without an HTTP port counts as healthy."""
    defaults = _PAGE if of_page else _WORKER
    given = read_settings(os.environ, defaults).values
    host, text = (given[name].text if name in given else defaults[name] for name in defaults)
    port = int(text)
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
    sys.exit(main(sys.argv[1], of_page="--web" in sys.argv[2:]))
