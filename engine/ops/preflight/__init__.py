"""What has to be well before a start: facts are collected at the edges, the checks over them are pure."""
