"""`python -m tests.services COMMAND...`: run a command beside a real Kafka and PostgreSQL.

It finds their addresses in the variables that the tests look at, and they end with it.
"""

import os
import subprocess
import sys

from tests.services import finding


def main(command: list[str]) -> int:
    """Run the command, and give its exit code."""
    broker = finding.broker()
    try:
        postgres = finding.postgres()
        try:
            addresses = {
                "TEST_SYNC_WORKER_KAFKA": broker.bootstrap,
                "TEST_SYNC_WORKER_POSTGRES": postgres.url,
            }
            return subprocess.run(command, env=os.environ | addresses, check=False).returncode
        finally:
            postgres.remove()
    finally:
        broker.remove()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
