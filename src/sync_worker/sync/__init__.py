"""From the stream to the registry: the loop, the one write path, and the policy of failures.

Knows streams and the registry through their rooms; knows no command line and no log.
"""
