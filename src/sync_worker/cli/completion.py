"""What shells complete. It is click's, but for one line of its script for fish."""

from click.shell_completion import FishComplete, add_completion_class

_AT_EACH_COMMA, _AT_THE_FIRST = 'string split ","', 'string split --max 1 ","'


class FishWithDescriptions(FishComplete):
    """Click's script cuts off each description at its first comma."""

    source_template = FishComplete.source_template.replace(_AT_EACH_COMMA, _AT_THE_FIRST)


def register() -> None:
    """Have it answer in place of click's."""
    add_completion_class(FishWithDescriptions)
