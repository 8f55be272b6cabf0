"""Clinics of two regions, a board, and what a command leaves of them in a database."""

import sqlite3

from tests.builders import activated, deactivated, record

A, B, C, D = (f"SE2321000016-T{letter}01" for letter in "ABCD")
BOARD = "SE2321000016-PN01"


def stream():
    """Clinics of two regions, one of them closed, and two bad records."""
    return [
        record(activated(A, 0.5, regionCode="01", name="Exempelkliniken"), offset=0),
        record(activated(B, 1, regionCode="01", name="Åmottagningen"), offset=1),
        record(activated(C, 2, regionCode="03", name="Änggården \x1b[2J"), offset=2),
        record(activated(D, 3, regionCode="01", name="100 % Hälsa_vård"), offset=3),
        record(deactivated(D, 4), offset=4),
        record(activated(A, 5, regionCode="11"), offset=5, headers=(("h", b"v"), ("n", None))),
        record(b"\xff", offset=6, key=b"\xfe", headers=(("h", b"\xff"),)),
    ]


def contents(database):
    with sqlite3.connect(database) as connection:
        return list(connection.iterdump())
