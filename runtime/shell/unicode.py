"""Answers as Unicode text.

JSON can name half of a character (a lone surrogate); a model's answer that holds one can be written
to no file, table or request. Halves that belong together, as when a stream was cut between them,
are joined; a half alone becomes U+FFFD.
"""

from msgspec.structs import replace

from botticelli.runtime.drivers.protocol import ModelAnswer


def well_formed(text: str) -> str:
    """Return a text without surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def well_formed_answer(answer: ModelAnswer) -> ModelAnswer:
    """Return an answer all of whose texts are well-formed."""
    if answer.text.isascii() and answer.model.isascii() and answer.detail is None:
        return answer
    detail = None if answer.detail is None else well_formed(answer.detail)
    return replace(
        answer, text=well_formed(answer.text), model=well_formed(answer.model), detail=detail
    )
