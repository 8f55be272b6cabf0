"""Two weeks of events, played with the installed command.

`fortnight.jsonl` holds what the topics contained after fourteen days, as `kcat -J` prints it. This
program lets an archive grow in stages, as the topics would have grown, and runs `sync-worker` on it
after each, with administrators and support acting in between. It uses nothing but the command, and
leaves its files in `build/fortnight`.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
FORTNIGHT = ROOT / "examples" / "fortnight.jsonl"
FOLDER = Path("build", "fortnight")
ARCHIVE = FOLDER / "stream.jsonl"
SETTINGS = {
    "SYNC_WORKER_DATABASE_URL": f"sqlite:///{FOLDER}/sync-worker.db",
    "SYNC_WORKER_HTTP_PORT": "0",
}
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("SYNC_WORKER_")} | SETTINGS
COMMAND = Path(sys.executable).with_name("sync-worker")
FIRST_DAY = datetime(2025, 11, 10, tzinfo=UTC)

BOARDS = {
    "01": ("SE2321000016-PN01", "Exempelnämnden Stockholm"),
    "12": ("SE2321000255-PN12", "Exempelnämnden Skåne"),
    "14": ("SE2321000131-PN14", "Exempelnämnden Västra Götaland"),
}
REGISTRATIONS = {
    "01": ("1LUN4", "1KAJ7", "1BER2", "1HAM9", "1SOL3"),
    "12": ("B201", "B202", "B203"),
    "14": tuple(f"E00000000A{number}" for number in (11, 12, 13, 14, 16, 17)),
}

Row = dict[str, Any]


def main() -> None:
    """Play the two weeks, then summarise them."""
    start_afresh()
    tell("Days 1 to 3: the e-services name their clinics. Events register none of them.")
    grow_until(day=3)
    run()
    tell("Administrators register clinics. The service stays off until a region has a board.")
    for region, endings in REGISTRATIONS.items():
        prefix = BOARDS[region][0].split("-")[0]
        ids = [f"{prefix}-{ending}" for ending in endings]
        who = [
            "--region",
            region,
            "--actor",
            f"admin-{region}",
            "--reason",
            "Connecting the region",
        ]
        sync_worker("clinics", "add", *ids, *who)
    tell("Support sets the patient boards, which switches the service on. Region 03 has none.")
    for number, (region, (hsa_id, name)) in enumerate(BOARDS.items(), 1):
        ticket = ["--ticket", f"INC00{number}", "-y"]
        sync_worker("boards", "set", region, hsa_id, "--name", name, *ticket)
    for day, story in ((7, "a clinic moves, some close"), (10, "some reopen"), (14, "the rest")):
        tell(f"Up to day {day}: {story}. The archive has grown; only the new records are read.")
        grow_until(day)
        run()
    tell_what_happened()
    tell_what_to_type_next()


def start_afresh() -> None:
    """Create an empty folder and an empty registry."""
    os.chdir(ROOT)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    tell(f"Create an empty registry: SQLite in {FOLDER}.")
    sync_worker("db", "upgrade")


def grow_until(day: int) -> None:
    """Write the archive as it was at the end of that day."""
    over_ms = (FIRST_DAY + timedelta(days=day)).timestamp() * 1000
    lines = FORTNIGHT.read_bytes().splitlines(keepends=True)
    ARCHIVE.write_bytes(b"".join(line for line in lines if json.loads(line)["ts"] < over_ms))


def run() -> None:
    """Apply the new records of the archive."""
    sync_worker("run", "--archive", str(ARCHIVE))


def tell_what_happened() -> None:
    """Summarise what happened to the registered clinics, and list the dead letters."""
    tell("What happened to the registered clinics, from the change log.")
    listed = asked("clinics", "list")["items"]
    for clinic in (clinic for clinic in listed if clinic["registered"]):
        history = asked("clinics", "show", clinic["hsa_id"], "--history")["history"]
        click.echo(f"  {clinic['name']} is {clinic['status']}: {', '.join(story(history))}.")
        if clinic["status"] == "service_off":
            click.echo(f"  ! region {clinic['region_code']} has no patient board: nobody can file.")
    tell("Dead letters: records that could not be applied, and why. The rest was processed.")
    for dead_letter in asked("deadletters", "list")["items"]:
        place = f"{dead_letter['topic']}/{dead_letter['partition']} offset {dead_letter['offset']}"
        click.echo(
            f"  {dead_letter['reason']}: {place}, {dead_letter['key']}: {dead_letter['detail']}"
        )
    tell("What an operator sees:")
    sync_worker("status")


def story(history: list[Row]) -> Iterator[str]:
    """One clinic's change log in words, oldest entry first."""
    for entry in reversed(history):
        values = f" {entry['old']} → {entry['new']}" if entry["change"] == "moved" else ""
        who = f" by {entry['actor']}" if entry["change"] == "registered" else ""
        yield f"{entry['change']}{values}{who}"


def tell_what_to_type_next() -> None:
    """List commands that can be typed as they stand."""
    tell(f"Commands to try next, in {ROOT}:")
    click.echo(f'  export PATH="{COMMAND.parent}:$PATH"')
    for name, value in SETTINGS.items():
        click.echo(f"  export {name}={value}")
    for command in (
        "clinics list",
        "clinics show SE2321000016-1LUN4 --history",
        "deadletters list",
        "regions list",
        "boards set 03 SE2321000024-PN03 --name 'Exempelnämnden Uppsala' --ticket INC004 -y",
        f"run --archive {ARCHIVE}",
        "--help",
    ):
        click.echo(f"  sync-worker {command}")
    tell("To see it as an administrator does, in a browser:")
    click.echo("  make web")


def tell(sentence: str) -> None:
    """Print a heading."""
    click.echo(f"\n{click.style(sentence, bold=True)}")


def asked(*arguments: str) -> Any:
    """A command's JSON output."""
    return json.loads(sync_worker(*arguments, "-o", "json", stdout=subprocess.PIPE) or "null")


def sync_worker(*arguments: str, stdout: int | None = None) -> str | None:
    """Run the installed command as a person would type it; exit if it fails."""
    click.echo(f"$ sync-worker {shlex.join(arguments)}")
    done = subprocess.run(  # noqa: S603 - runs our own command, without a shell
        [COMMAND, *arguments], env=ENVIRONMENT, stdout=stdout, encoding="utf-8", check=False
    )
    if done.returncode != 0:
        click.echo(f"It exited with {done.returncode}: the demonstration stops here.", err=True)
        sys.exit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    main()
