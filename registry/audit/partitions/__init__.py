"""The audit in partitions: units of work that depend on nothing else, and the engines that do them."""
