"""What goes wrong, besides ValueError and TypeError for arguments."""


class Error(Exception):
    """A network cannot be compiled, loaded or run."""


class CompileError(Error):
    """The program is wrong; the text is what the compiler says, with places."""
