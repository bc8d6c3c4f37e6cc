"""Run `gauger` as `python -m gauger`."""

from gauger.cli.main import main

if __name__ == "__main__":
    main()
