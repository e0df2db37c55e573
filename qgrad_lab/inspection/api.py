"""The public function of this room: ``stages``, and the mapping that it returns."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from qgrad_lab.core.tracebacks import frames_hidden
from qgrad_lab.inspection import bundle, view
from qgrad_lab.inspection.pipeline import STAGES, Pipeline, stages_of
from qgrad_lab.inspection.stage import Line, Stage

__all__ = ["STAGES", "Line", "Stage", "Stages", "stages"]


class Stages(Mapping[str, Stage]):
    """The forms of one program by name, in the order of compilation.

    Made by `qgrad_lab.stages`. A mapping from names to `Stage`; in a notebook all of them are
    shown, folded. A stage is computed when it is first asked for, with the steps before it and no
    others.

    Attributes
    ----------
    name : str
        The name of the function.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from qgrad_lab import stages
    >>> found = stages(jnp.sin, 0.5)
    >>> list(found)
    ['source', 'circuit', 'jaxpr', 'program', 'plan', 'stablehlo', 'hlo', 'llvm', 'assembly']
    >>> found["stablehlo"].is_computed
    False

    As plain data:

    >>> jaxpr = found.to_dict()["stages"][2]
    >>> jaxpr["name"], jaxpr["language"], "sin" in jaxpr["text"]
    ('jaxpr', 'jaxpr', True)
    """

    def __init__(self, name: str, all_stages: Mapping[str, Stage]) -> None:
        self.name = name
        self._stages = dict(all_stages)

    def __getitem__(self, name: str) -> Stage:
        try:
            return self._stages[name]
        except KeyError:
            raise KeyError(
                f"{name!r} is not a stage; these are: {', '.join(self._stages)}"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._stages)

    def __len__(self) -> int:
        return len(self._stages)

    def __repr__(self) -> str:
        return f"<Stages of {self.name}: {', '.join(self._stages)}>"

    def diff(self, a: str, b: "str | Stages", *, context: int = 3) -> str:
        """Return the unified diff from stage ``a`` to stage ``b``.

        Parameters
        ----------
        a : str
            Name of a stage.
        b : str or Stages
            Name of another stage, or the stages of another program, whose stage ``a`` is compared.
        context : int, optional
            Number of equal lines around each difference.

        Returns
        -------
        str
            Empty if the two are equal.

        Raises
        ------
        KeyError
            If there is no stage of this name.

        Examples
        --------
        >>> import jax.numpy as jnp
        >>> found = stages(lambda x: jnp.sin(x), 0.5)
        >>> print(found.diff("jaxpr", "stablehlo").splitlines()[0])
        --- jaxpr
        >>> other = stages(lambda x: jnp.cos(x), 0.5)
        >>> "sin" in found.diff("jaxpr", other), found.diff("jaxpr", found)
        (True, '')
        """
        if isinstance(b, Stages):
            first, second, names = self[a], b[a], (f"{a} of {self.name}", f"{a} of {b.name}")
        else:
            first, second, names = self[a], self[b], (a, b)
        lines = first.text.splitlines(), second.text.splitlines()
        return "\n".join(difflib.unified_diff(*lines, *names, lineterm="", n=context))

    def save(self, folder: str | Path) -> list[Path]:
        """Write every stage to a file of its own.

        Parameters
        ----------
        folder : str or path
            The folder, created if missing. Files of an earlier call are replaced.

        Returns
        -------
        list of path
            The files, numbered in the order of compilation; missing stages have none.

        Raises
        ------
        OSError
            If the folder cannot be written to.

        Examples
        --------
        >>> import tempfile, jax.numpy as jnp
        >>> from qgrad_lab import stages
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = stages(lambda x: jnp.sin(x), 0.5).save(folder)
        >>> "3_jaxpr.jaxpr.txt" in [file.name for file in files]
        True
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for number, (name, stage) in enumerate(self.items(), 1):
            if stage.text:
                file = folder / f"{number}_{name}.{view.ENDINGS[stage.language]}"
                file.write_text(stage.text + "\n")
                files.append(file)
        return files

    def to_dict(self) -> dict[str, Any]:
        """Return all stages as plain Python objects that ``json.dumps`` takes.

        Sizes are in bytes, times in seconds.

        Returns
        -------
        dict
            ``version``, ``name``, and a dictionary for each of the ``stages``. ``lines`` has an
            entry ``[number, [[file, line], ...]]`` for each line of the text whose source is known,
            ``calls`` an entry ``[first, last, [[file, line], ...]]`` for the lines of each circuit.
            ``sources`` holds the other functions that these places are in.
        """
        return bundle.bundle(self.name, self._stages)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": repr(self),
            "text/html": view.html(self.name, self._stages),
            bundle.MIME_TYPE: bundle.for_notebook(self.name, self._stages),
        }


def stages(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Stages:
    """Return every form of a program, from its source to machine code.

    Parameters
    ----------
    fn : callable
        A function, a QNode, a derivative such as ``grad(f)``, or a compiled program, which is
        compiled again with its options.
    *args, **kwargs
        The arguments of the call.

    Returns
    -------
    Stages
        ``source``, ``circuit`` (drawn), ``jaxpr``, ``program`` and ``plan`` (of its circuits),
        ``stablehlo``, ``hlo`` (as optimised by XLA), ``llvm`` and ``assembly``. Nothing is computed
        before it is asked for. Whatever JAX, XLA or the operating system cannot provide is
        ``missing``, with the reason.

    Raises
    ------
    TypeError
        If ``fn`` is not callable.
    CompileError, Exception
        When a stage is asked for: the errors of the program, as in a call of it.

    Notes
    -----
    Assembly requires Linux and the packages of ``pip install 'qgrad-lab[ir]'``.

    Examples
    --------
    >>> import pennylane as qml
    >>> from qgrad_lab import grad, stages
    >>> @qml.qnode(qml.device("lightning.qubit", wires=2))
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     qml.CNOT(wires=[0, 1])
    ...     return qml.expval(qml.Z(1))
    >>> found = stages(grad(circuit), 0.4)
    >>> print(found["circuit"])
    circuit:
    0: ──RX(theta[0])─╭●──
    1: ───────────────╰X──
    return expval(Z1)
    >>> print(found["program"].text)
    program circuit(theta: f64[1]) on 2 wires {
      RX(theta[0]) 0
      CNOT 0 1
      return expval(Z1)
    }
    >>> "custom_call @qgrad" in found["stablehlo"].text
    True

    From a line of a stage to the user's:

    >>> (line,) = found["program"].lines[2]
    >>> found["source"].text.splitlines()[line.number - 1].strip()
    'qml.RX(x, wires=0)'
    """
    with frames_hidden:
        pipeline = Pipeline(fn, args, kwargs)
        name = str(getattr(fn, "__name__", type(fn).__name__))
        return Stages(name, {stage.name: stage for stage in stages_of(pipeline)})
