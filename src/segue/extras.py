"""Which extra of the package installs what the core does without."""

EXTRAS = {
    "train": ("torch", "onnx", "onnxscript", "tokenizers", "sacrebleu"),
    "classical": ("statsforecast",),
}
"""The packages of each extra, as Python imports them; pyproject.toml says why each is needed."""


def remedy_for_missing(error: ModuleNotFoundError) -> str | None:
    """What to install, in a few words.

    Args:
        error: What the import of a module that is not installed raised.

    Returns:
        The words, such as `needs torch; pip install "segue[train]"`; None where no extra brings the module.
    """
    package = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            return f'needs {package}; pip install "segue[{extra}]"'
    return None
