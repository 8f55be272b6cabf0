"""Produces events at a constant rate: `python -m bench.producer BOOTSTRAP TOPIC TOPIC OPTION…`.

A process of its own, so that it keeps the rate whatever the bench is doing. Each event is sent when
it is due, and alone. At the end it prints, for each, where its record is and when it was sent.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from itertools import islice

from kafka import KafkaProducer

from bench import stream
from bench.publishing import Topics, send


def main(arguments: Sequence[str]) -> None:
    """Produce what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.producer", description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("activation")
    parser.add_argument("region")
    parser.add_argument("--rate", type=float, required=True, help="how many events a second")
    parser.add_argument("--count", type=int, required=True, help="how many in all")
    parser.add_argument("--clinics", type=int, required=True, help="of how many clinics")
    parser.add_argument("--first", type=int, required=True, help="the number of the first one")
    produced = _produce(parser.parse_args(arguments))
    sys.stdout.write(json.dumps(produced))


def _produce(options: argparse.Namespace) -> list[tuple[str, str, int, int, float]]:
    topics = Topics(options.activation, options.region)
    producer = KafkaProducer(bootstrap_servers=options.bootstrap, linger_ms=0)
    for topic in topics.names:  # so that the first event does not wait for it
        producer.partitions_for(topic)
    events = islice(stream.at_the_head(options.clinics, options.first), options.count)
    sent = []
    began = time.monotonic()
    for number, event in enumerate(events):
        time.sleep(max(0.0, began + number / options.rate - time.monotonic()))
        sent.append((event["data"]["hsaId"], time.time(), send(producer, topics, event)))
    producer.flush()
    producer.close()
    found = [(hsa_id, future.get(), sent_at) for hsa_id, sent_at, future in sent]
    return [(hsa_id, at.topic, at.partition, at.offset, sent) for hsa_id, at, sent in found]


if __name__ == "__main__":
    main(sys.argv[1:])
