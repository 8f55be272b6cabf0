"""What is made of what a cluster says of a topic."""

import pytest
from kafka.errors import (
    GroupAuthorizationFailedError,
    InvalidTopicError,
    LeaderNotAvailableError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from sync_worker.cli.remedies import in_words
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.kafka.rights import Operation, missing_right
from sync_worker.streams.kafka.settings import KafkaSettings, Security
from sync_worker.streams.protocol import StreamError, StreamUnavailable


class Client:
    """A cluster that has one thing to say of every topic."""

    says = 0

    def __init__(self, **_options):
        pass

    def describe_topics(self, names):
        return [
            {"name": name, "error_code": self.says, "partitions": [], "topic_id": "id"}
            for name in names
        ]


@pytest.fixture
def asked(monkeypatch):
    """The topics, from a cluster that says this of them."""

    def asked(error):
        monkeypatch.setattr("sync_worker.streams.kafka.admin.KafkaAdminClient", Client)
        monkeypatch.setattr(Client, "says", error.errno)
        return KafkaAdmin(KafkaSettings("host:9092", ("topic",), "group")).topics(["topic"])

    return asked


def test_a_topic_that_is_not_there_is_left_out(asked):
    assert asked(UnknownTopicOrPartitionError) == {}


def test_a_leaderless_topic_is_unavailable(asked):
    with pytest.raises(StreamUnavailable, match=r"host:9092: .*LeaderNotAvailableError: topic"):
        asked(LeaderNotAvailableError)


def test_a_topic_we_may_not_describe_names_missing_rights(asked):
    with pytest.raises(StreamError, match="this user lacks the right DESCRIBE on the topic topic"):
        asked(TopicAuthorizationFailedError)


def test_a_missing_right_is_told_with_what_grants_it():
    security = Security(sasl_username="worker one")
    settings = KafkaSettings("host:9092", ("topic",), "group", security=security)
    refused = missing_right(GroupAuthorizationFailedError("said"), Operation.READ, settings)
    assert "the user worker one lacks the right READ on the group group." in refused.message
    assert str(in_words(refused.hint)) == (
        "kafka-acls.sh --bootstrap-server host:9092 --add --allow-principal 'User:worker one' "
        "--operation READ --group group"
    )


def test_every_topic_that_refuses_us_is_named():
    settings = KafkaSettings("host:9092", ("a", "b"), "group")
    refused = missing_right(TopicAuthorizationFailedError({"b", "a"}), Operation.READ, settings)
    assert "the right READ on the topic a and the topic b." in refused.message


def test_a_topic_that_cannot_be_is_refused(asked):
    with pytest.raises(StreamError, match=r"host:9092 refuses: .*InvalidTopicError: topic"):
        asked(InvalidTopicError)
