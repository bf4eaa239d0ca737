"""What can go wrong between us and a platform. None of them carries a code, a handle or a secret in its text."""

NOT_REACHED, TIME_OUT, BAD_CERTIFICATE, NOT_UNDERSTOOD, BUSY = 1003, 1004, 1006, 1009, 1010
NOT_AUTHORISED, TOKEN_EXPIRED, BAD_CODE = 2010, 2011, 3001


class Trouble(Exception):
    """No usable answer: whatever was asked may have happened. `code` of our table."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(f"{code} {what}")
        self.code = code


class Forged(Trouble):
    """Somebody answered who could not prove to be whom we asked: no answer, and a reason to look who is in between."""

    def __init__(self, what: str) -> None:
        super().__init__(NOT_UNDERSTOOD, what)


class Failed(Exception):
    """The platform answered that it will not: its own code and words, to be looked up in the table of codes."""

    def __init__(self, code: str | int, words: str) -> None:
        super().__init__(f"result {code}")
        self.code = str(code)
        self.words = words


class Ours(Exception):
    """Refused before any platform was asked, by a code of our table: definite."""

    def __init__(self, code: int, words: str = "") -> None:
        super().__init__(f"refused {code}")
        self.code = code
        self.words = words
