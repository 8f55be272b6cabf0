"""What every kind of test builds on: the command line, called, and registries to call it on."""
