"""Logs that are filled, deleted and created again, and what the worker then refuses."""

from tests.services.waiting import until

BAD = b"{"


def fill(stage, topic, count, partition=0):
    """Put records into a partition of which each becomes a dead letter."""
    stage.send([((topic, partition), None, BAD)] * count)


def delete(stage, topic):
    with stage.admin() as client:
        client.delete_topics([topic])
        until(lambda: client.describe_topics([topic])[0]["error_code"], "the topic to be deleted")


def recreate(stage, topic):
    delete(stage, topic)
    stage.create_topics(topic)


def refused(stage):
    """What `run` refuses, once `status` has told it beforehand."""
    told = stage("status")
    assert told.exit_code == 0, told.stderr
    done = stage.finish()
    assert done.exit_code == 2, done.stderr
    remedy = "sync-worker positions reset"
    (attention,) = [text for text in told.json["attention"] if remedy in text]
    sentence, _, _ = attention.partition(". ")
    assert sentence in done.error_text
    return done.error_text, told.json["lag"]


def go_on(stage, *selection):
    """Take the way on that the refusal names, and read everything that there is."""
    read, there = stage.read(), len(stage.records())
    assert stage("positions", "reset", *selection, "--to", "earliest", "-y").exit_code == 0
    done = stage.finish()
    assert done.exit_code == 0, done.stderr
    assert stage.read() == read + done.json["read"]
    return done.json["read"], there
