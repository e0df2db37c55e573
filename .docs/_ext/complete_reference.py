"""Warn, and so fail, about every public name that the reference lacks."""

from public_names import public_names
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.logging import getLogger

_logger = getLogger(__name__)


def _check(app: Sphinx, env: BuildEnvironment) -> None:
    described = env.domains.python_domain.objects
    for name in public_names():
        if name not in described:
            _logger.warning("%s is public, and no page of .docs/reference describes it", name)


def setup(app: Sphinx) -> dict[str, bool]:
    """Check when all pages have been read."""
    app.connect("env-check-consistency", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
