"""Numbers of the media library (native/include/bellhop_media.h) that effects hold."""

CLEAR, SECURE, UNTOUCHED = (0, 1, 2)
RECEIVE, SEND = (1, 2)
