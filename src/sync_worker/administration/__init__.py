"""What administrators and support do, as functions that the command line and a web page call."""
