"""Says where the worker's time goes while it catches up: `python -m bench.profile`.

It takes py-spy, which samples a process from outside: whoever holds the interpreter is computing.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence

from bench import say
from bench.loads import Load
from bench.shares import shares
from bench.world import found


def main(arguments: Sequence[str]) -> None:
    """Print the shares with nothing registered, and with everything on."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="how many there are")
    parser.add_argument("--clinics", type=int, default=10_000, help="of how many clinics they are")
    options = parser.parse_args(arguments)
    if shutil.which("py-spy") is None:
        raise SystemExit("py-spy is not on the PATH: pip install py-spy")
    with found() as world:
        load = Load(world, options.events, options.clinics)
        for name, everything_on in (("nothing registered", False), ("everything on", True)):
            samples = load.sampled_worker(everything_on=everything_on)
            say(f"\n{name}")
            for line in shares(samples):
                say(line)


if __name__ == "__main__":
    main(sys.argv[1:])
