"""From the stream to the registry: the loop, the one write path, and the retry policy."""
