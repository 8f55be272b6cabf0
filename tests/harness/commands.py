"""All commands, with the words that call them."""

import click

from sync_worker.cli.main import root


def commands(group=root, path=()):
    """Every command, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands())
LEAVES = {path: found for path, found in ALL.items() if not isinstance(found, click.Group)}
