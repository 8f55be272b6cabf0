"""Asks the worker beside it how it is: `healthcheck.py livez` or `healthcheck.py readyz`.

Prints what the worker answers, with the reasons, and ends with 0 where all is well. Finds the port
where the worker does: in the environment, or in the folder of secrets.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

from sync_worker.config.sources import gather

_HOST, _PORT = "SYNC_WORKER_HTTP_HOST", "SYNC_WORKER_HTTP_PORT"
_DEFAULTS = {_HOST: "127.0.0.1", _PORT: "9464"}
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where nobody listens here
"""Whoever listens everywhere is asked from here."""
_TIMEOUT_SECONDS = 4


def main(probe: str) -> int:
    """The exit code; where the worker serves no port there is nobody to ask, and all is well."""
    given = {name: value.text for name, value in gather(os.environ, _DEFAULTS).given.items()}
    settings = _DEFAULTS | given
    port, host = int(settings[_PORT]), settings[_HOST]
    if port == 0:
        return _told("the HTTP port is off", is_well=True)
    connection = HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=_TIMEOUT_SECONDS)
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
