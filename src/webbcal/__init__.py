"""webbcal: calibration of James Webb Space Telescope data, from raw ramps to science products.

``webbcal.open`` reads any product, ``webbcal.run`` calibrates exposures.
"""

from typing import Any

__version__ = "0.1.0"

__all__ = ["__version__", "open", "run"]

_WHERE = {"open": ("webbcal.io.read", "open_product"), "run": ("webbcal.api", "run")}


def __getattr__(name: str) -> Any:
    # The functions are imported when they are first asked for, so that `import webbcal` costs
    # next to nothing.
    if name not in _WHERE:
        raise AttributeError(f"module 'webbcal' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _WHERE[name]
    return getattr(import_module(module), attribute)
