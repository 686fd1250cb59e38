"""What an admin sees from outside: logs, Prometheus metrics, health."""
