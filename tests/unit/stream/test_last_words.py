"""Why no broker could be talked to, out of what the client logs."""

import logging

from kafka.errors import KafkaConnectionError, KafkaTimeoutError, SaslAuthenticationFailedError

from sync_worker.stream import last_words

NONE_FOUND = KafkaTimeoutError("Unable to bootstrap")
LOST, REFUSED = KafkaConnectionError("socket disconnected"), SaslAuthenticationFailedError("no")
LOG = logging.getLogger("kafka.net.manager")


def after(*errors):
    with last_words.listening() as words:
        for error in errors:
            LOG.warning("Bootstrap connection to %s failed: %s", "bootstrap-0", error)
        LOG.error("Bootstrap failed: %s", NONE_FOUND)
    LOG.error("Connection lost: %s", KafkaConnectionError("later"))
    return words.after(NONE_FOUND)


def test_the_last_reason_is_told():
    assert after(LOST, KafkaConnectionError("refused")).endswith("KafkaConnectionError: refused")


def test_an_answer_goes_before_a_connection_that_was_lost():
    assert "SaslAuthenticationFailedError: no" in after(REFUSED, LOST)


def test_where_nothing_was_said_the_error_stands_alone():
    assert after() == str(NONE_FOUND)
