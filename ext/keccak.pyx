"""Keccak-256 in C: the hash under every order id, signature and wallet address of the venue."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer, Py_buffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE


cdef extern from "keccak.h" nogil:
    enum:
        KECCAK_DIGEST

    void keccak_256(const unsigned char *, size_t, unsigned char *)


def keccak256(data, /):
    """Return the 32-byte Keccak-256 digest of bytes or a contiguous buffer; nothing but the result is allocated."""
    cdef bytes digest = PyBytes_FromStringAndSize(NULL, KECCAK_DIGEST)
    cdef unsigned char *out = <unsigned char *>PyBytes_AS_STRING(digest)
    cdef Py_buffer buffer
    if type(data) is bytes:
        keccak_256(<const unsigned char *>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), out)
        return digest
    PyObject_GetBuffer(data, &buffer, PyBUF_SIMPLE)
    try:
        keccak_256(<const unsigned char *>buffer.buf, buffer.len, out)
    finally:
        PyBuffer_Release(&buffer)
    return digest
