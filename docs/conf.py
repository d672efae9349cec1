"""Configuration of Sphinx; everything is made offline."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import webbcal

project = "webbcal"
author = "The webbcal developers"
copyright = author
version = release = webbcal.__version__

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "declared",
    "mathml",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext"]
root_doc = "index"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = False  # numpydoc loads it; pages are written by hand or by `declared`
autodoc_typehints = "none"  # the docstrings say more than the annotations
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "webbcal"
html_static_path = ["_static"]
html_css_files = ["webbcal.css"]
html_math_renderer = "mathml"
html_sidebars = {"index": [], "getting-started": [], "from-the-observatory": []}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_depth": 3,
    "show_nav_level": 1,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "navbar_end": ["theme-switcher"],
}
