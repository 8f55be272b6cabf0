"""The installed command explains a clinic at a terminal of 80 columns, in either language."""

import os
import shutil
import termios

import pytest
from tests.builders import activated, deactivated, numbered, region_changed, write_archive
from tests.harness.command import Installed

A = "SE2321000016-TA01"
LONG = "Barn- och ungdomspsykiatriska mottagningen Örnsköldsvik Åsele"


@pytest.fixture(scope="module")
def moved(tmp_path_factory, upgraded):
    """A registry whose one clinic was added, moved and deactivated, with a dead letter."""
    command = Installed(tmp_path_factory.mktemp("moved"))
    shutil.copy(upgraded, command.database)
    events = [activated(A, 0, regionCode="01", name=LONG), activated(A, 1, regionCode="11")]
    later = [*events, region_changed(A, 2, "03"), deactivated(A, 3)]
    for documents in (events, later):
        write_archive(command.folder / "stream.jsonl", numbered(documents, topic="t"))
        assert command("run", "--archive", "stream.jsonl").exit_code == 0
        added = command("clinics", "add", A, "--actor", "anna", "--reason", "Order 17")
        assert added.exit_code == 0, added.stderr
    return command


def screen(command, *arguments, **environment):
    """What a terminal of 80 columns shows."""
    reader, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    done = command(*arguments, stdout=terminal, COLUMNS="", **environment)
    os.close(terminal)
    with os.fdopen(reader, "rb") as shown:
        text = shown.read1().decode()
    assert done.exit_code == 0, done.stderr
    return text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("tongue", "sentences"),
    [
        (
            "en_US.UTF-8",
            [
                "does not receive cases: it is not activated in the e-services.",
                "- Activated in the e-services: no, since 2026-01-01T00:03:00Z, by event",
                "(t, partition 0, offset 3).",
                "If it is activated in the e-services, it still waits for the region's patient",
                "by anna (Order 17).",
                "Region Uppsala (03), previously Region Stockholm (01), since 2026-01-01T00:02:00Z",
                "1 record that names the clinic could not be applied and waits as a dead letter.",
                "sync-worker deadletters list --clinic SE2321000016-TA01",
                "Events from the e-services have been read up to 2026-01-01T00:03:00Z.",
                "No worker is reading events now",
                "- Support sets the region's patient board and maintains the TAK list.",
            ],
        ),
        (
            "sv_SE.UTF-8",
            [
                "tar inte emot ärenden: den är inte aktiverad i e-tjänsterna.",
                "- Aktiverad i e-tjänsterna: nej, sedan 2026-01-01T00:03:00Z, genom händelse",
                "Om den aktiveras i e-tjänsterna väntar den fortfarande på regionens patientnämnd.",
                "av anna (Order 17).",
                "Region Uppsala (03), tidigare Region Stockholm (01), sedan 2026-01-01T00:02:00Z",
                "1 post som nämner mottagningen kunde inte tillämpas",
                "Händelser från e-tjänsterna är lästa till 2026-01-01T00:03:00Z.",
                "Ingen arbetsprocess läser händelser just nu",
                "- Supporten anger regionens patientnämnd och sköter TAK-listan.",
            ],
        ),
    ],
)
def test_a_terminal_of_80_columns_shows_the_whole_explanation(moved, tongue, sentences):
    shown = screen(moved, "clinics", "explain", A.lower(), LC_ALL=tongue)
    assert max(map(len, shown.splitlines())) <= 80
    unfolded = " ".join(shown.split())
    assert [sentence for sentence in sentences if sentence not in unfolded] == []


def test_the_past_and_the_closures_fit_80_columns(moved):
    log = moved("log", "list", "-o", "json").items
    assert [entry["change"] for entry in log] == ["registered", "moved", "deactivated"]
    added_at, closed_at = log[0]["at"], log[-1]["at"]
    then = moved("clinics", "list", "--as-of", added_at, "-o", "json").items
    assert [(item["region_code"], item["status"]) for item in then] == [("01", "service_off")]
    shown = screen(moved, "clinics", "list", "--as-of", closed_at).splitlines()
    assert max(map(len, shown)) <= 80
    assert "deactivated" in shown[1]
    head, *rows = screen(moved, "clinics", "closures", "--since", added_at).splitlines()
    assert head.split() == ["hsa_id", "status", "from", "until"]
    assert [row.split()[1] for row in rows] == ["service_off", "deactivated"]
