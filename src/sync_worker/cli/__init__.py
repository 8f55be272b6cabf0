"""The command line: a module a command group; `wiring` builds the parts. Decides no rule."""
