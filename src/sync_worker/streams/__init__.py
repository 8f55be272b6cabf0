"""Where records come from: archives and Kafka. Knows no clinic, no event and no database."""
