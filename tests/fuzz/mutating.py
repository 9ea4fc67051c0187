"""Turns a sound answer into a hostile one, the same way for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

TOKENS: tuple[bytes, ...] = (
    *(b"NaN", b"nan", b"inf", b"-Infinity", b"1e400", b"9" * 400, b"-0", b"1,234.5", b"0x1f", b"1_000", b"\xd9\xa1"),
    *(b":", b": ", b": c", b"..", b"-", b"--", b"n/a", b"NA", b"null", b"true", b'""', b"'", b'"', b",", b";", b"\t"),
    *(b"\n", b"\r\n", b"\r", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"PK\x03\x04", b"\xc3\x28"),
    *(b"{", b"}", b"[", b"]", b"[" * 600, b"<", b">", b"</", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;"),
    *(
        b"<html><body>login</body></html>",
        b"2024",
        b"2024-13",
        b"2024-Q5",
        b"0000",
        b"9999",
        b"\xe5\xb9\xb4",
        b"1" * 40,
    ),
)

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def _flip(chance: random.Random, body: bytes, _others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1 :]


def _cut(chance: random.Random, body: bytes, _others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + body[at + chance.randrange(1, 40) :]


def _end(chance: random.Random, body: bytes, _others: Sequence[bytes]) -> bytes:
    return body[: chance.randrange(len(body))]


def _double(chance: random.Random, body: bytes, _others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(body))
    to = at + chance.randrange(1, 120)
    return body[:to] + body[at:]


def _insert(chance: random.Random, body: bytes, _others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.choice(TOKENS) + body[at:]


def _replace(chance: random.Random, body: bytes, _others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + chance.choice(TOKENS) + body[at + chance.randrange(1, 8) :]


def _splice(chance: random.Random, body: bytes, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    return body[: chance.randrange(len(body) + 1)] + other[chance.randrange(len(other) + 1) :]


MUTATIONS: tuple[Mutation, ...] = (_flip, _cut, _end, _double, _insert, _replace, _splice)


def hostile(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One to four mutations of one seed."""
    body = chance.choice(seeds)
    for _ in range(chance.randrange(1, 5)):
        if not body:
            break
        body = chance.choice(MUTATIONS)(chance, body, seeds)
    return body
