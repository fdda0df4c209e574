"""What holds for every test: processes that tests start can be interrupted, however the tests themselves were started.

A shell that starts a command in the background lets it ignore SIGINT, and what is ignored stays ignored in children.
"""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
