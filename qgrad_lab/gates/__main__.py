"""Write the C++ gate table: ``python -m qgrad_lab.gates``, or only compare with ``--check``."""

import argparse

from qgrad_lab.gates.native import PATH, table_text


def main() -> None:
    """Write ``engine/native/ir/gates.inc`` from the rows, or exit with 1 if it is not theirs."""
    parser = argparse.ArgumentParser(prog="python -m qgrad_lab.gates", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    if parser.parse_args().check:
        if not PATH.exists() or PATH.read_text() != table_text():
            raise SystemExit(f"{PATH} is not what the rows say; run python -m qgrad_lab.gates")
    else:
        PATH.write_text(table_text())


if __name__ == "__main__":
    main()
