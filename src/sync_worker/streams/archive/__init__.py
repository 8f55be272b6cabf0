"""Archives: the log of a stream in a file, as `kcat -J` prints it (contract 2)."""
