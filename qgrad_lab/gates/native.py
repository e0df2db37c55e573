"""Write the C++ gate table, ``engine/native/ir/gates.inc``, from the rows."""

from collections.abc import Iterator
from pathlib import Path

from qgrad_lab.gates.kind import GateKind
from qgrad_lab.gates.operators import Entries, Local, Pauli
from qgrad_lab.gates.table import GATES

PATH = Path(__file__).parents[1] / "engine/native/ir/gates.inc"
"""Where the C++ table is, in a checkout of the sources."""

_HEAD = """\
// Made by `python -m qgrad_lab.gates` from the rows of qgrad_lab/gates/table.py; do not edit.
// clang-format off
// NOLINTBEGIN(modernize-avoid-c-arrays)
"""


def table_text() -> str:
    """Return what has to stand in `PATH`."""
    lines = [_HEAD]
    for kind in GATES.values():
        lines += _operators(kind)
    lines += ["", "constexpr GateKind rows[] = {"]
    for kind in GATES.values():
        lines.append(f"    {{{', '.join(_fields(kind))}}},")
    return "\n".join([*lines, "};", "// NOLINTEND(modernize-avoid-c-arrays)", ""])


def _operators(kind: GateKind) -> Iterator[str]:
    """Define the arrays of entries that the row of a gate refers to."""
    generator = kind.generator
    if _has_entries(kind):
        assert isinstance(generator, Pauli | Local)
        yield f"constexpr MatrixEntry generator_{kind.name}[] = {_entries(generator.entries)};"
    waves = []
    for number, (frequency, *parts) in enumerate(kind.waves):
        fields = [repr(float(frequency))]
        for name, entries in zip(("cosine", "sine"), parts, strict=True):
            if entries:
                fields.append(f"{name}_{kind.name}_{number}")
                yield f"constexpr MatrixEntry {fields[-1]}[] = {_entries(entries)};"
            else:
                fields.append("{}")
        waves.append(f"{{{', '.join(fields)}}}")
    if waves:
        yield f"constexpr Wave waves_{kind.name}[] = {{{', '.join(waves)}}};"


def _has_entries(kind: GateKind) -> bool:
    return kind.num_wires is not None and isinstance(kind.generator, Pauli | Local)


def _entries(entries: Entries) -> str:
    found = (
        f"{{{row}, {column}, {_complex(entries[row, column])}}}" for row, column in sorted(entries)
    )
    return f"{{{', '.join(found)}}}"


def _complex(value: complex) -> str:
    # A sum with zero is never the negative zero.
    real, imaginary = (repr(part + 0.0) for part in (value.real, value.imag))
    return f"{{{real}, {imaginary}}}" if value.imag else real


def _fields(kind: GateKind) -> Iterator[str]:
    """Name the fields of a row that are not those of most gates, in the order of the C++ struct."""
    yield f'.name = "{kind.name}"'
    if kind.num_wires is not None:
        yield f".num_targets = {kind.num_wires}"
    generator = kind.generator
    if generator is not None:
        yield f".form = Form::{generator.form}"
        yield f".scale = {float(generator.scale)!r}"
    if isinstance(generator, Pauli):
        yield f'.letters = "{generator.letters}"'
    if _has_entries(kind):
        yield f".generator = generator_{kind.name}"
    if kind.waves:
        yield f".waves = waves_{kind.name}"
    if kind.controlled:
        names = ", ".join(f'"{name}"' for name in kind.controlled)
        yield f".controlled = {{{names}}}"
    if kind.extra is not None:
        yield f".extra = Extra::{kind.extra}"
    if kind.kernel != "lightning":
        yield f".kernel = Kernel::{kind.kernel}"
    if not kind.takes_controls:
        yield ".takes_controls = false"
    for trait in ("prepares", "is_diagonal", "is_monomial", "inverts_itself"):
        if getattr(kind, trait):
            yield f".{trait} = true"
