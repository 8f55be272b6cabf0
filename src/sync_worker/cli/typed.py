"""What was typed for a command's parameters, as it stood before it is read as values."""

import re
from collections.abc import Sequence
from typing import Any

import click

_LONE = re.compile("[\ud800-\udfff]")


def refuse_unclear(ctx: click.Context, command: click.Command, args: Sequence[str]) -> None:
    """Raise BadParameter for an option that is given twice and takes one value, and for no text.

    click takes the last value of several without a word, and half of what was asked for would be
    done. Flags may be repeated: they say the same. A file's name may be of any bytes.
    """
    values, _, order = command.make_parser(ctx).parse_args(list(args))
    if ctx.resilient_parsing or any(param.is_eager for param in order):
        return
    for param in order:
        if _takes_one_value(param) and order.count(param) > 1:
            raise click.BadParameter("it is given more than once, and takes one value.", ctx, param)
        is_text = isinstance(param.type, click.types.StringParamType)
        if is_text and not _is_decoded(values.get(str(param.name))):
            raise click.BadParameter("it is not text in UTF-8.", ctx, param)


def _takes_one_value(param: click.Parameter) -> bool:
    is_value = isinstance(param, click.Option) and not (param.is_flag or param.count)
    return is_value and not param.multiple


def _is_decoded(value: Any) -> bool:
    """Whether a text, or each of several, came in UTF-8: other bytes become lone surrogates."""
    texts = value if isinstance(value, list | tuple) else (value,)
    return not any(isinstance(text, str) and _LONE.search(text) for text in texts)
