"""Print docs/commands.md: the help of every command, as a terminal of 80 columns shows it.

`make docs-commands` writes the page. A test holds the two equal.
"""

from collections.abc import Iterator

import click

from sync_worker.cli.main import NAME, root

_COLUMNS = 80
_BEGINNING = """\
# Commands
What `--help` says of each command, in one document, which `make docs-commands` writes. What the
commands promise stands in [contract.md](contract.md#4-commands), and when to use them in
[operations.md](operations.md).

## Completion in a shell
Commands, options and the fixed values of options are completed. Ids of clinics, dead letters and
holds are not: no database is asked while somebody types. Each user installs it once, and new
commands are completed without another installation.

bash, from 4.4 on, with the package bash-completion:
```
mkdir -p ~/.local/share/bash-completion/completions
_SYNC_WORKER_COMPLETE=bash_source sync-worker \\
    > ~/.local/share/bash-completion/completions/sync-worker
```
zsh, and below `compinit` in `~/.zshrc` the line `source ~/.sync-worker-complete.zsh`:
```
_SYNC_WORKER_COMPLETE=zsh_source sync-worker > ~/.sync-worker-complete.zsh
```
fish:
```
mkdir -p ~/.config/fish/completions
_SYNC_WORKER_COMPLETE=fish_source sync-worker > ~/.config/fish/completions/sync-worker.fish
```

## All commands
"""


def main() -> None:
    """Print the page."""
    print(page(), end="")  # noqa: T201 - it is what this program is for


def page() -> str:
    """The whole page, in Markdown."""
    contexts = list(_contexts(click.Context(root, info_name=NAME, terminal_width=_COLUMNS)))
    return "".join([_BEGINNING, *map(_entry, contexts), *map(_section, contexts)])


def _contexts(ctx: click.Context) -> Iterator[click.Context]:
    """Each command where it stands, a group before its own."""
    yield ctx
    if isinstance(ctx.command, click.Group):
        for name in ctx.command.list_commands(ctx):
            command = ctx.command.get_command(ctx, name)
            if command is not None and not command.hidden:
                inner = click.Context(command, ctx, name, terminal_width=_COLUMNS)
                yield from _contexts(inner)


def _entry(ctx: click.Context) -> str:
    """A line of the list of contents."""
    path = ctx.command_path
    depth = path.count(" ")
    return f"{'  ' * depth}- [`{path}`](#{path.replace(' ', '-')})\n"


def _section(ctx: click.Context) -> str:
    return f"\n## {ctx.command_path}\n```text\n{ctx.get_help()}\n```\n"


if __name__ == "__main__":
    main()
