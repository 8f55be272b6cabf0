"""The registry and the stream looked at together. Changes nothing."""
