"""The settings of the site, which `sphinx-build -W -c docs . site` makes from the pages of the repository.

The source folder is the root of the repository, not `docs/`. So rules, rooms and benchmarks are pages as well, and each
link of a page means the same on the site as in the repository. A link to any other file becomes a copy to download.
"""

import sys
from pathlib import Path

import segue

sys.path.append(str(Path(__file__).parent))  # for `notebooks` and `in_browser`

project = "Segue"
author = "the authors of Segue"
copyright = f"{author}, Apache-2.0"
version = release = segue.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "notebooks", "in_browser"]
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "examples/*.ipynb",
    "src/**.md",
    "benchmarks/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
# folders that no page lies in, so that they are not searched
exclude_patterns = [".*", "*venv", "site", "runs", "docs/browser/node_modules"]

myst_heading_anchors = 4  # links such as answers.md#totals, by the rule of GitHub
default_role = "literal"  # names in docstrings are in single backticks
nitpicky = False  # signatures name types of other libraries, which no page describes

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = False
napoleon_use_rtype = False  # what is returned is one sentence, not a type and a description
maximum_signature_line_length = 100  # a longer signature has a line for each argument
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "Segue"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_additional_pages = {"index": "start.html"}  # the folder's own address leads to the start page
templates_path = ["templates"]
