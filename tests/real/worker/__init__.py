"""Fault tests of the whole worker: the installed command on a real broker and a real database."""
