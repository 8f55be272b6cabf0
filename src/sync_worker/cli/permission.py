"""Which role of the database each command is for."""

OWNER = "owner"
"""In place of a role: who owns the tables needs none."""
SUPPORT = "complaints_support"

_ROLES = {
    "db upgrade": OWNER,
    "db roles": OWNER,
    "clinics": "complaints_admin",
    "regions": "complaints_admin",
    "log": "complaints_admin",
    "tak list": "complaints_admin",
    "tak import": SUPPORT,
    "boards": SUPPORT,
    "web": "complaints_admin",
}
"""Command or group → the role that it is for; all others are the worker's and operators'."""


def needed_by(command: str) -> str:
    """The role that a command, such as "boards set", is for."""
    group = command.partition(" ")[0]
    return _ROLES.get(command) or _ROLES.get(group, "complaints_worker")
