"""Run `plumb-loop` as `python -m loop_client`."""

from loop_client.cli import main

if __name__ == "__main__":
    main()
