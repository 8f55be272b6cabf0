"""What administrators and support do, as functions that the command line and a web page call.

Knows the rules and the registry; knows no stream and no command line.
"""
