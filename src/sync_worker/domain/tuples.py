"""Named tuples where every record makes some."""

from typing import Any

new: Any = tuple.__new__
"""A named tuple of a class by its fields: the class's own constructor takes twice as long."""
