"""`python -m sync_worker`."""

from sync_worker.cli.main import main

if __name__ == "__main__":
    main()
