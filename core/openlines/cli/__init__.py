"""`openlines ...`: see `app` for the commands, `exits` for what they return."""


def main() -> None:
    """What the `openlines` script runs."""
    from openlines.cli.app import app  # here, so that importing one command does not load them all

    app()
