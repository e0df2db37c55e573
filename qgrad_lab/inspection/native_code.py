"""Read the LLVM IR and machine code that XLA compiles, from the files that it dumps on request.

Circuits are not among them: to XLA they are calls of the native library.
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

NOTHING = "XLA compiled no code of its own: the program consists of calls of libraries"


class NativeCode(NamedTuple):
    """The code that XLA dumped.

    Attributes
    ----------
    llvm
        The names and texts of LLVM modules, after optimisation.
    objects
        The names and contents of object files.
    """

    llvm: list[tuple[str, str]]
    objects: list[tuple[str, bytes]]


def native_code(lowered: Any) -> NativeCode:
    """Compile a lowered program once more, and read the intermediate results that XLA dumps."""
    with tempfile.TemporaryDirectory(prefix="qgrad_lab_stages") as folder:
        lowered.compile(compiler_options={"xla_dump_to": folder, "xla_dump_hlo_as_text": True})
        files = sorted(Path(folder).iterdir())
        return NativeCode(
            [(_kernel(file), file.read_text()) for file in files if file.match("*.ir-with-opt.ll")],
            [(_kernel(file), file.read_bytes()) for file in files if file.suffix == ".o"],
        )


def _kernel(file: Path) -> str:
    """Return a kernel's name from ``module_0004.jit_f.obj-file.add_fusion_kernel_module.o``."""
    name = file.name.removesuffix(".o").removesuffix(".ir-with-opt.ll")
    name = name.split(".", 2)[-1].removeprefix("obj-file.")
    return name.removesuffix("_kernel_module").removesuffix("_module")


def disassembled(objects: list[tuple[str, bytes]]) -> str:
    """Disassemble object files.

    Raises
    ------
    ImportError
        Without the packages ``capstone`` and ``pyelftools``.
    """
    return "\n\n".join(f"; {name}\n" + "\n".join(_functions(data)) for name, data in objects)


def _functions(data: bytes) -> Iterator[str]:
    import io

    from capstone import CS_ARCH_ARM64, CS_ARCH_X86, CS_MODE_64, CS_MODE_ARM, Cs
    from elftools.elf.elffile import ELFFile

    file = ELFFile(io.BytesIO(data))
    arm = file["e_machine"] == "EM_AARCH64"
    machine = Cs(CS_ARCH_ARM64, CS_MODE_ARM) if arm else Cs(CS_ARCH_X86, CS_MODE_64)
    machine.skipdata = True  # constants between functions
    symbols: Any = file.get_section_by_name(".symtab")
    for symbol in symbols.iter_symbols() if symbols else ():
        if symbol["st_info"]["type"] != "STT_FUNC":
            continue
        section = file.get_section(symbol["st_shndx"])
        start = symbol["st_value"]
        code = section.data()[start : start + symbol["st_size"]]
        yield f"{symbol.name}:"
        for _, _, mnemonic, operands in machine.disasm_lite(code, start):
            yield f"    {mnemonic:<11} {operands}".rstrip()


def kernels_of_llvm(text: str) -> dict[int, str]:
    """Return, for each line of a function defined in an LLVM module, the function's name."""
    found: dict[int, str] = {}
    name = None
    for number, line in enumerate(text.splitlines(), 1):
        definition = re.match(r'define .*@"?([^"(]+)"?\(', line)
        if definition:
            name = definition[1]
        if name is not None:
            found[number] = name
        if line == "}":
            name = None
    return found
