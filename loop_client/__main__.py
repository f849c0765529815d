"""`python -m loop_client` is `plumb-loop`."""

from loop_client.cli import main

if __name__ == "__main__":
    main()
