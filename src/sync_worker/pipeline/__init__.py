"""From the stream to the registry: poll, decode, merge, commit; dry runs and retries."""
