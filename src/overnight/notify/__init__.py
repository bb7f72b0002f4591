"""Telling people: four kinds of messages, in words, through an outbox, over many channels.

`texts` puts a telling in words, `channels` carry it, `outbox.Sender` sees to it that each channel gets it.
"""
