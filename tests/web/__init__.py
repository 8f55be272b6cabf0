"""The administrators' page in a real browser, served by the installed command."""
