"""Which error code of group 1 a trouble with the link is (domain, 4)."""

import errno
import socket
import ssl

NO_NETWORK = 1001
DNS = 1002
CANNOT_CONNECT = 1003
TIME_OUT = 1004
REFUSED = 1005
TLS = 1006
AUTHENTICATION = 1007
TOO_LARGE = 1008
MALFORMED = 1009
BUSY = 1010
RETIRED = 1019

_AUTHENTICATION_REASONS = frozenset({0x85, 0x86, 0x87, 0x8A, 0x8C})
_GOING_REASONS = frozenset({0x00, 0x04, 0x80, 0x8B})  # the broker stops, or the connection just ended
_MALFORMED_REASONS = frozenset({0x81, 0x82})
_BUSY_REASONS = frozenset({0x89, 0x93, 0x96, 0x97, 0x9F})  # server busy, window, rate, quota, connection rate
_KEEP_ALIVE_REASON, _TOO_LARGE_REASON = 0x8D, 0x95
_RETIRED_REASON = 0x84  # the protocol we speak is no longer served
_NO_NETWORK_ERRNOS = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.ENONET})


def code_of_exception(trouble: BaseException) -> int:
    """Code for what a connection attempt raised."""
    match trouble:
        case socket.gaierror():
            return DNS
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | ssl.SSLSyscallError():
            return CANNOT_CONNECT  # it was cut in the middle of the handshake: nobody said anything of certificates
        case ssl.SSLError():
            return TLS  # a certificate that is not believed, an alert about ours, or not TLS at all
        case TimeoutError():
            return TIME_OUT
        case OSError() if trouble.errno in _NO_NETWORK_ERRNOS:
            return NO_NETWORK
        case OSError() if trouble.errno == errno.ETIMEDOUT:
            return TIME_OUT
        case OSError():
            return CANNOT_CONNECT
    return MALFORMED


def code_of_connack(reason: int) -> int:
    """Code for a CONNACK or SUBACK with a reason of 0x80 or more."""
    if reason in _BUSY_REASONS:
        return BUSY
    if reason == _RETIRED_REASON:
        return RETIRED
    return AUTHENTICATION if reason in _AUTHENTICATION_REASONS else REFUSED


def code_of_disconnect(reason: int) -> int:
    """Code for a connection that ended: the broker's reason, or the one the library gives for a lost connection."""
    if reason in _GOING_REASONS:
        return CANNOT_CONNECT
    if reason in _MALFORMED_REASONS:
        return MALFORMED
    if reason == _KEEP_ALIVE_REASON:
        return TIME_OUT
    if reason == _TOO_LARGE_REASON:
        return TOO_LARGE
    return code_of_connack(reason)
