"""Real parts for tests: a Kafka broker and a PostgreSQL server, found or started.

Each is looked for in this order: an address in the environment, Docker, the machine itself. Where
none of them has it the tests are skipped, or fail where services are required.
"""
